"""Who watches which host."""

from __future__ import annotations

from firstlight.settings.fronts import Site, fronted
from firstlight.settings.host import HostSettings

GROUP = "monitor"
"""Group whose hosts watch all others; without it an edge watches itself and its engines."""


def watches(monitor: HostSettings, site: Site) -> list[HostSettings]:
    """Return the hosts that ``monitor`` watches, itself among them; none where it is no monitor."""
    if not monitor.monitor.enabled:
        return []
    watched = [host for host in site.values() if host.monitor.enabled]
    if grouped(site):
        return watched if GROUP in monitor.groups else []
    if not monitor.edge.enabled:
        return []
    behind = {monitor.name, *(host.name for host in fronted(monitor, site))}
    return [host for host in watched if host.name in behind]


def monitors(host: HostSettings, site: Site) -> list[HostSettings]:
    """Return the hosts that watch ``host``, in the inventory's order."""
    own = site.get(host.name)
    if own is None or not own.monitor.enabled:
        return []
    if grouped(site):
        return [each for each in site.values() if GROUP in each.groups and each.monitor.enabled]
    # By the edges, of which there are few, and not by all hosts: it is asked again and again.
    edges = [each for each in site.values() if each.edge.enabled and each.monitor.enabled]
    return [
        each
        for each in edges
        if each.name == host.name or any(one.name == host.name for one in fronted(each, site))
    ]


def grouped(site: Site) -> bool:
    """Whether there is a host in the group of monitors."""
    return any(GROUP in host.groups for host in site.values())


def is_monitor(host: HostSettings, site: Site) -> bool:
    """Whether ``host`` watches any."""
    return bool(watches(host, site))


def measures_gpus(host: HostSettings, site: Site) -> bool:
    """Whether the DCGM exporter runs on ``host``."""
    gpus = host.monitor.gpus
    wanted = gpus.enabled and gpus.image is not None and host.nvidia.enabled
    return wanted and bool(monitors(host, site))


def has_dashboards(host: HostSettings, site: Site) -> bool:
    """Whether Grafana runs on ``host``; an agent keeps nothing that it could show."""
    grafana, keeps = host.monitor.grafana, host.monitor.prometheus.mode == "server"
    return grafana.enabled and grafana.image is not None and keeps and is_monitor(host, site)
