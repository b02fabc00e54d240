"""Looks at hosts from outside and from inside, and says what is not as it was declared."""
