"""Front: the roles between clients and engines, in the one order in which they can be set up.

The certificate and the issuer's keys are read by nginx when it starts, so they come before it. A
certificate of an ACME server is asked for through the running edge, so that comes after it. What
guards an edge runs before requests are sent there, and ends when none are any more.
"""

from __future__ import annotations

from firstlight.plan import EdgePlan
from roles.certificates import certificates
from roles.edge import edge
from roles.guard import guard
from roles.issuance import issuance
from roles.jwks import jwks
from roles.people import people


def front(host: EdgePlan) -> None:
    """Set up what clients of ``host`` meet; nothing where it has neither edge nor gates."""
    if host.release is None:
        return
    guarded = host.settings.edge.guard is not None
    if host.publics:
        certificates(host.settings, host.system)
        jwks(host.settings, host.system)
        people(host.settings)
    if guarded:
        guard(host.settings)
    edge(host.settings, host.system, host.release, host.publics)
    if not guarded:
        guard(host.settings)
    if host.publics:
        issuance(host.settings)
