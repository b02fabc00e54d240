"""What nginx of a host shows for its monitors: telemetry, and on a monitor the dashboards."""

from __future__ import annotations

from collections.abc import Sequence

from firstlight import site
from firstlight.catalogue import System
from firstlight.edge import tls
from firstlight.edge.dashboards import Dashboards
from firstlight.edge.release import Fragments
from firstlight.edge.telemetry import Telemetry, pages
from firstlight.engines.instance import Instance
from firstlight.exporter.program import FILE
from firstlight.exporter.spec import METRICS
from firstlight.monitor.certificates import fingerprint, people_leaf
from firstlight.settings import HostSettings
from firstlight.settings.fronts import Site
from firstlight.settings.watched import has_dashboards, measures_gpus, monitors

FACTS = f"{METRICS}/{FILE}"


def ports(settings: HostSettings, sites: Site) -> dict[str, int]:
    """Return the TCP ports that nginx serves for monitors and people, by setting."""
    found = {}
    if monitors(settings, sites):
        found["monitor.port"] = settings.monitor.port
    if has_dashboards(settings, sites):
        found["monitor.grafana.port"] = settings.monitor.grafana.port
    return found


def telemetry(
    settings: HostSettings, instances: Sequence[Instance], sites: Site, *, edge: bool, node: bool
) -> Telemetry | None:
    """Return what the host shows to its monitors; None where nobody watches it.

    Its distribution has a ``node`` exporter, or its facts alone are shown.
    """
    watchers = monitors(settings, sites)
    if not watchers:
        return None
    return Telemetry(
        port=settings.monitor.port,
        pages=pages(
            instances, gpus=measures_gpus(settings, sites), edge=edge, facts="" if node else FACTS
        ),
        watchers=tuple(fingerprint(each) for each in watchers),
        ca=site.authority(settings).pem,
        leaf=site.gate_leaf(settings),
        alone=[each.name for each in watchers] == [settings.name],
    )


def dashboards(settings: HostSettings, folder: str, *, edge: bool) -> Dashboards:
    """Return the dashboards' door of a monitor, in the release in ``folder``."""
    port = settings.monitor.grafana.port
    if not edge:
        return Dashboards(port, leaf=people_leaf(settings))
    held = site.certificate(settings) is not None
    return Dashboards(port, pair=folder if held else f"{tls.place(settings)}/current")


def fragments(
    settings: HostSettings,
    instances: Sequence[Instance],
    sites: Site,
    *,
    edge: bool,
    ipv6: bool,
    system: System,
) -> list[Fragments]:
    """Return the parts of the host's release that its observation needs."""
    found: list[Fragments] = []
    shown = telemetry(
        settings, instances, sites, edge=edge, node=bool(system.node_exporter_packages)
    )
    if shown is not None:
        found.append(lambda folder: shown.files(folder, ipv6=ipv6))
    if has_dashboards(settings, sites):
        found.append(
            lambda folder: dashboards(settings, folder, edge=edge).files(
                folder, ipv6=ipv6, openssl=system.openssl
            )
        )
    return found
