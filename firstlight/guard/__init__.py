"""The guard: a reverse proxy that looks at what goes to a model and what comes from it.

It runs in Presidio's image, so what is shipped of this package imports nothing but the standard
library; :mod:`firstlight.guard.presidio` alone reaches for Presidio, and tests put another
analysis in its place. :mod:`.unit` and :mod:`.bundle` stay on the control machine.
"""
