"""What hardening wants of a host, as values: compared with what the host says, nothing written."""
