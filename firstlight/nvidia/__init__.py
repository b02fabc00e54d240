"""The GPU layer as pure values: what a host has, what it shall have, and why."""
