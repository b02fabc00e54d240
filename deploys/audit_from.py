"""Probes ports of other hosts from this one: a step of `firstlight audit --from HOST`.

FIRSTLIGHT_AUDIT_REQUEST says which. Nothing is installed, and nothing stays behind.
"""

from firstlight.operations import audit

audit.scanned()
