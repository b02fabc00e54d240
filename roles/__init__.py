"""How one part of a host is made: one role, one file, all of one shape."""
