"""pyinfra facts: they read a host and never write to it."""
