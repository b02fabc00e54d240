"""What keeps a host from being watched, or from being a monitor, before anything is changed."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from firstlight.catalogue import System
from firstlight.edge.dashboards import GRAFANA_PORT
from firstlight.errors import FirstlightError
from firstlight.exporter import node
from firstlight.monitor import blackbox, scrape
from firstlight.monitor.own_rules import rule_obstacles
from firstlight.settings.fronts import Site
from firstlight.settings.host import HostSettings
from firstlight.settings.watched import has_dashboards, is_monitor, monitors

# The kernel keeps fifteen letters of a program's name.
EXPORTER = {node.PORT: ("node exporter", {"prometheus-node"})}
HOLDERS = {
    scrape.PORT: ("Prometheus", {"prometheus"}),
    blackbox.PORT: ("the blackbox exporter", {"prometheus-blac"}),
    scrape.ALERTMANAGER_PORT: ("Alertmanager", {"prometheus-aler"}),
}
PART = 0.85
"""Part of its disk that Prometheus' own documentation would have the retention's size be at most."""
GRAFANA = "grafana"
"""Role whose container holds its port already, whatever its program is called."""

Listeners = Mapping[int, frozenset[str]]


def watched_obstacles(
    settings: HostSettings, site: Site, system: System, listeners: Listeners
) -> Iterator[FirstlightError]:
    """Yield why ``settings`` cannot be those of a host that is measured; ``listeners`` as below."""
    if monitors(settings, site) and system.node_exporter_packages:
        yield from _held(settings, EXPORTER, listeners)


def monitor_obstacles(
    settings: HostSettings,
    site: Site,
    system: System,
    listeners: Listeners | None = None,
    observing: Collection[str] = (),
) -> Iterator[FirstlightError]:
    """Yield why ``settings`` cannot be those of a monitor; nothing for a host that is none.

    ``listeners`` are the programs that hold TCP ports there, by port; ``observing`` are the roles of
    observation that the host has.
    """
    if not is_monitor(settings, site):
        return
    if system.monitor_refused:
        yield FirstlightError(
            f"{system.id} {system.version} cannot be a monitor",
            where=settings.name,
            why=system.monitor_refused,
            fix="have a host with Debian 13 or Ubuntu 24.04 or 26.04 in the group monitor; this "
            "one can be watched by it",
        )
    holders: dict[int, tuple[str, set[str]]] = dict(HOLDERS)
    if has_dashboards(settings, site) and GRAFANA not in observing:
        holders[GRAFANA_PORT] = ("Grafana", set())
    yield from _held(settings, holders, listeners or {})
    yield from rule_obstacles(settings)


def space_remark(settings: HostSettings, free: int) -> str:
    """Return that the disk fills before anything is dropped; nothing where it does not.

    ``free`` are the bytes that Prometheus may have, 0 where that is not known.
    """
    prometheus = settings.monitor.prometheus
    if prometheus.mode != "server" or not free or prometheus.retention_size <= PART * free:
        return ""
    return (
        f"monitor.prometheus.retention_size is {prometheus.retention_size / 1e9:.1f} GB and "
        f"Prometheus' disk has {free / 1e9:.1f} GB for it: it fills before the oldest samples go; "
        "give it a larger disk at /var/lib/prometheus, or a smaller retention_size"
    )


def _held(
    settings: HostSettings, holders: Mapping[int, tuple[str, set[str]]], listeners: Listeners
) -> Iterator[FirstlightError]:
    for port, (what, own) in holders.items():
        for holder in sorted(listeners.get(port, frozenset()) - own):
            yield FirstlightError(
                f"port {port} is in use by {holder}",
                where=settings.name,
                why=f"{what} listens there, on the loopback address",
                fix=f"stop {holder}, or have it listen at another port",
            )
