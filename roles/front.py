"""Front: the roles between clients and engines, in the one order in which they can be set up.

The certificate and the issuer's keys are read by nginx when it starts, so they come before it. A
certificate of an ACME server is asked for through the running edge, so that comes after it. What
an edge uses runs before requests are sent there, and ends when none are any more.
"""

from __future__ import annotations

from firstlight.planned import EdgePlan
from roles.certificates import certificates
from roles.edge import edge
from roles.guard import guard
from roles.issuance import issuance
from roles.jwks import jwks
from roles.people import people


def front(host: EdgePlan) -> None:
    """Set up what clients of ``host`` meet, and end what they shall meet no more."""
    settings, system, public = host.settings, host.system, bool(host.publics)
    if public:
        certificates(settings, system)
        begun(host)
    edge(settings, system, host.release, host.publics)
    if public:
        issuance(settings)
    else:
        certificates(settings, system, shown=False)
    ended(host)


def begun(host: EdgePlan) -> None:
    """Set up what the edge uses, where it is asked for."""
    if fetches(host):
        jwks(host.settings, host.system)
    if host.settings.edge.people:
        people(host.settings)
    if host.settings.edge.guard:
        guard(host.settings)


def ended(host: EdgePlan) -> None:
    """Remove what the edge used once and does no more: after the release that still did."""
    edge_settings, public = host.settings.edge, bool(host.publics)
    if not (public and fetches(host)):
        jwks(host.settings, host.system)
    if not (public and edge_settings.people):
        people(host.settings)
    if not (public and edge_settings.guard):
        guard(host.settings)


def fetches(host: EdgePlan) -> bool:
    """Whether the host fetches an issuer's keys itself."""
    jwt = host.settings.edge.jwt
    return jwt is not None and jwt.jwks_url is not None
