"""The lock beside an inventory: what its tags, branches and names mean until it is updated.

The settings read it, ``firstlight lock`` writes it, and a deploy asks nobody else.
"""
