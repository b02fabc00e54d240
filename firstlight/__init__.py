"""firstlight: from a bare OS to the first token, over SSH, with pyinfra."""

__version__ = "0.1.0"
