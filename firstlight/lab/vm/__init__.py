"""Lab hosts that are virtual machines, with a kernel of their own: Debian's."""
