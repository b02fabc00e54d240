"""The public side of a site: which requests get in, and to which engine they go."""
