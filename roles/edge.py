"""Edge: nginx on the host, the only way in from outside.

Owns /etc/nginx/firstlight, a drop-in for nginx.service, ports 80 and 443. TLS with a
certificate of the site's own CA, API keys known by their digest, an exact list of paths,
streams unbuffered, errors in OpenAI's shape.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pyinfra.api.deploy import deploy

from firstlight import site
from firstlight.catalogue import System
from firstlight.edge import gates, measure, tls
from firstlight.edge.fresh import FreshRelease
from firstlight.edge.pools import Public
from firstlight.edge.probe import answers
from firstlight.edge.release import BASE, CURRENT, SOCKET
from firstlight.firewall.opening import ADMIN, Opening
from firstlight.guard.config import UPSTREAM as POOLS
from firstlight.operations import edge as operations
from firstlight.operations import nginx_upgrade, packages
from firstlight.operations.files import Directory, File, files
from firstlight.rendering import render, verbatim
from firstlight.settings import HostSettings
from firstlight.settings.fronts import Site
from firstlight.settings.sources import addresses_of
from firstlight.settings.watched import has_dashboards, monitors
from roles.owned import Owned

DROP_IN = operations.DROP_IN.removeprefix("/")
RELOAD = "usr/local/lib/firstlight/nginx-reload"
BESIDE = (
    "etc/logrotate.d/firstlight-edge",
    "etc/systemd/system/logrotate.timer.d/firstlight.conf",
    "etc/needrestart/conf.d/firstlight-edge.conf",
    "etc/sysctl.d/60-firstlight-edge.conf",
)

OWNS = Owned(
    files=(
        f"{BASE}/",
        f"/{DROP_IN}",
        f"/{RELOAD}",
        *(f"/{path}" for path in BESIDE),
        f"{measure.LOGS}/",
    ),
    units=("nginx.service",),
    ports=("{edge.port}", "{edge.http_port}", "{monitor.port}", "{monitor.grafana.port}"),
    packages=("{nginx}", "logrotate"),
)


def opens(settings: HostSettings, sites: Site) -> Iterator[Opening]:
    """Yield what an edge needs open, what its monitors read, and people's dashboards."""
    if settings.edge.enabled:
        yield Opening("edge", (settings.edge.http_port, settings.edge.port))
    watchers = [each for each in monitors(settings, sites) if each.name != settings.name]
    if watchers:
        sources = tuple(dict.fromkeys(each for one in watchers for each in addresses_of(one)))
        names = ", ".join(each.name for each in watchers)
        yield Opening("telemetry", (settings.monitor.port,), sources, f"the monitors {names}")
    if has_dashboards(settings, sites):
        port, admin = settings.monitor.grafana.port, settings.firewall.admin
        yield Opening("dashboards", (port,), admin, ADMIN)


def drop_in() -> str:
    """Return what is firstlight's own in nginx's unit."""
    sockets = (SOCKET, gates.SOCKETS, tls.DOOR, tls.ACME_DOOR, POOLS)
    return render(DROP_IN, current=CURRENT, sockets=sockets, gates=gates.FOLDER)


def beside() -> tuple[File | Directory, ...]:
    """Return what logs, rotates and reloads: files that are the same for every release."""
    return (
        # Its workers open the log anew after each rotation.
        Directory(measure.LOGS, "750", group=operations.WORKERS),
        File(f"/{RELOAD}", verbatim(RELOAD), "755"),
        *(File(f"/{path}", verbatim(path)) for path in BESIDE),
    )


@deploy("Edge")
def edge(
    settings: HostSettings, system: System, release: FreshRelease | None, publics: Sequence[Public]
) -> None:
    """Have nginx serve ``release``, nothing of ours without; ``publics`` must be seen."""
    if release is None:
        operations.ended(name="Serve nothing any more")
        return

    def seen() -> None:
        names = [public.name for public in publics]
        # With ACME the certificate comes later: until then a key is not shown to who answers.
        key = None if settings.edge.tls.mode == "acme" else site.probe_key(settings)
        answers(site.endpoint(settings), key, names)

    # install
    packages.installed(
        name="Install nginx",
        names=(*system.nginx_packages, "curl", "logrotate"),
        lock_timeout=settings.base.apt_lock_timeout,
        manager=system.manager,
    )

    # configure
    files(
        name="Point nginx at firstlight's configuration",
        items=(
            Directory(BASE, "750", group=operations.WORKERS),
            File(f"/{DROP_IN}", drop_in()),
            *beside(),
        ),
    )

    # activate
    operations.released(
        name="Serve the edge's release", release=release, probe=seen if publics else None
    )
    nginx_upgrade.installed_runs(name="Have nginx run as it is installed")
