"""Secrets that an operator brings: looked at with the settings, fetched when a host needs them."""
