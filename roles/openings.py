"""What every role of a host needs open, and what the operator added: nothing else is let in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from firstlight.firewall.opening import Opening
from firstlight.planned import GroundPlan
from firstlight.settings import HostSettings
from firstlight.settings.fronts import Site, fronts
from firstlight.settings.sources import addresses_of, networks, said
from roles import edge, engine, firewall, logs

ROLES = (firewall, edge, engine, logs)
"""Roles that need ports open, in the order of the rules."""


def openings(settings: HostSettings, sites: Site) -> tuple[Opening, ...]:
    """Return everything that is declared for a host of the inventory ``sites``."""
    return (
        *(each for role in ROLES for each in role.opens(settings, sites)),
        *allowed(settings, sites),
    )


def leaving(host: GroundPlan, declared: Sequence[Opening]) -> tuple[Opening, ...]:
    """Return what nginx still serves and nobody declares any more.

    It stays open until nginx serves what is declared: before that, and where the run ends before,
    clients have nothing else.
    """
    let_in = {port for each in declared if each.protocol == "tcp" for port in each.ports}
    left = tuple(sorted(host.probe.served - let_in))
    if not left:
        return ()
    edges = fronts(host.settings, host.sites)
    if host.settings.edge.enabled or not edges:
        return (Opening("edge", left, why="until nginx has moved"),)
    sources = tuple(dict.fromkeys(each for edge in edges for each in addresses_of(edge)))
    return (Opening("engine", left, sources, "the edges", why="until nginx has moved"),)


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
