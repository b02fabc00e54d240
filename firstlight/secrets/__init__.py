"""Secrets that an operator brings: looked at with the settings, fetched when a host needs them."""

IDENTITY = "~/.config/age/key.txt"
"""Where age keeps an identity, unless a source names another."""
