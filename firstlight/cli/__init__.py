"""The ``firstlight`` command: what pyinfra does not have. It holds no host logic."""
