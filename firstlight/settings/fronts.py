"""Which edge offers the models of which hosts."""

from __future__ import annotations

from collections.abc import Mapping

from firstlight.settings.host import HostSettings

Site = Mapping[str, HostSettings]


def fronted(edge: HostSettings, site: Site) -> list[HostSettings]:
    """The hosts whose models ``edge`` offers, in the inventory's order.

    These are ``edge.hosts``; where that says nothing the host itself and every host that serves
    models and has no edge.
    """
    named = edge.edge.hosts
    if named is not None:
        return [site[name] for name in site if name in named]
    return [
        host
        for host in site.values()
        if host.models and (host.name == edge.name or not host.edge.enabled)
    ]


def fronts(host: HostSettings, site: Site) -> list[HostSettings]:
    """The edges on other hosts that offer the models of ``host``."""
    return [
        edge
        for edge in site.values()
        if edge.edge.enabled
        and edge.name != host.name
        and any(each.name == host.name for each in fronted(edge, site))
    ]
