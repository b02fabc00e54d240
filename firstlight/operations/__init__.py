"""pyinfra operations: they write to a host, and know when there is nothing to write."""
