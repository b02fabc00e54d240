"""What every role of a host needs open, and what the operator added: nothing else is let in."""

from __future__ import annotations

from collections.abc import Iterator

from firstlight.firewall.opening import Opening
from firstlight.settings import HostSettings
from firstlight.settings.fronts import Site
from firstlight.settings.sources import networks, said
from roles import edge, engine, firewall

ROLES = (firewall, edge, engine)
"""Roles that need ports open, in the order of the rules."""


def openings(settings: HostSettings, sites: Site) -> tuple[Opening, ...]:
    """Return everything that is declared for a host of the inventory ``sites``."""
    return (
        *(each for role in ROLES for each in role.opens(settings, sites)),
        *allowed(settings, sites),
    )


def allowed(settings: HostSettings, sites: Site) -> Iterator[Opening]:
    """Yield what the operator declared."""
    for each in settings.firewall.allow:
        yield Opening(
            role="allowed",
            ports=each.ports,
            sources=networks(each.source, settings, sites),
            said=said(each.source, sites),
            protocol=each.protocol,
            why=each.why,
        )
