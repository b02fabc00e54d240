"""Prometheus: what the hosts measure, read by a monitor and kept there; and the blackbox exporter.

Owns /etc/prometheus/firstlight, a drop-in for each of the packages' two units, and the loopback
ports 9090 and 9115. The samples are the package's, in /var/lib/prometheus, and stay when a host is
no monitor any more.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from pyinfra.api.deploy import deploy

from firstlight.catalogue import System
from firstlight.monitor.release import BASE, release_of
from firstlight.monitor.service import DROP_INS, MARK, UNITS, drop_ins
from firstlight.monitor.targets import GpuClass
from firstlight.operations import packages
from firstlight.operations import prometheus as operations
from firstlight.operations.files import File, files
from firstlight.settings import HostSettings
from firstlight.settings.fronts import Site
from firstlight.settings.watched import is_monitor
from roles.owned import Owned

OWNS = Owned(
    files=(f"{BASE}/", *DROP_INS.values()),
    units=UNITS,
    packages=("prometheus", "prometheus-blackbox-exporter"),
)


def marks(texts: Mapping[str, str]) -> dict[str, str]:
    """Return the marks in the texts of drop-ins, by unit."""
    found = {unit: re.search(rf"{MARK}=([0-9a-f]+)", text) for unit, text in texts.items()}
    return {unit: match[1] for unit, match in found.items() if match}


@deploy("Prometheus")
def prometheus(
    settings: HostSettings,
    system: System,
    sites: Site,
    rules: Mapping[str, str],
    classes: Mapping[str, GpuClass] | None = None,
) -> None:
    """Have a monitor's Prometheus watch its hosts; on any other host have none of ours.

    ``rules`` are rule files by name, ``classes`` the GPU classes of hosts as far as known.
    """
    if not is_monitor(settings, sites):
        operations.retired(name="Watch no hosts from here")
        return
    own = settings.monitor.prometheus
    release = release_of(settings, sites, rules, classes)
    texts = drop_ins(own, system.prometheus_version)

    # install
    files(
        name="Bind Prometheus to the loopback address",  # before its package starts it
        items=[File(DROP_INS[unit], text) for unit, text in texts.items()],
    )
    packages.installed(
        name="Install Prometheus and the blackbox exporter",
        names=(*system.prometheus_packages, "curl"),
        lock_timeout=settings.base.apt_lock_timeout,
        manager=system.manager,
    )

    # activate
    operations.watching(
        name="Have Prometheus watch the hosts",
        release=release,
        marks=marks(texts),
        agent=own.mode == "agent",
    )
