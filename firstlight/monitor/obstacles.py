"""What keeps a host from being a monitor, known before anything is changed."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from firstlight.catalogue import System
from firstlight.edge.dashboards import GRAFANA_PORT
from firstlight.errors import FirstlightError
from firstlight.monitor import blackbox, scrape
from firstlight.monitor.own_rules import rule_obstacles
from firstlight.settings.fronts import Site
from firstlight.settings.host import HostSettings
from firstlight.settings.watched import has_dashboards, is_monitor

HOLDERS = {
    scrape.PORT: ("Prometheus", {"prometheus"}),
    # The kernel keeps fifteen letters of a program's name.
    blackbox.PORT: ("the blackbox exporter", {"prometheus-blac"}),
    scrape.ALERTMANAGER_PORT: ("Alertmanager", {"prometheus-aler"}),
}
GRAFANA = "grafana"
"""Role whose container holds its port already, whatever its program is called."""


def monitor_obstacles(
    settings: HostSettings,
    site: Site,
    system: System,
    listeners: Mapping[int, frozenset[str]] | None = None,
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
    for port, (what, own) in holders.items():
        for holder in sorted((listeners or {}).get(port, frozenset()) - own):
            yield FirstlightError(
                f"port {port} is in use by {holder}",
                where=settings.name,
                why=f"{what} listens there, on the loopback address",
                fix=f"stop {holder}, or have it listen at another port",
            )
    yield from rule_obstacles(settings)
