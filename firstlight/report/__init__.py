"""A page about a stretch of time, for people who were not there: ``firstlight report``."""
