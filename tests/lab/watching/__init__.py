"""A rack that is watched: an edge that is the monitor too, two hosts with GPUs and engines."""
