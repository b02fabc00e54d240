"""A rack on this machine: hosts, network, services."""
