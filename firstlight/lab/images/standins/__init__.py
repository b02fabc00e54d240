"""SIMULATED engines: programs that start, answer, count and end as the documented ones do.

They run in images of the lab in place of engines that need a GPU or cannot be had there. Nothing
is computed: every answer is made of words that say so. Standard library only, and no import from
outside this folder: the folder itself is what lies in the images.
"""
