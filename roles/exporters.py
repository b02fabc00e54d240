"""Exporters: what the host measures of itself, for monitors that ask at its door.

Owns a drop-in for prometheus-node-exporter.service and its port on loopback, the service and the
timer firstlight-facts with their program, and what it writes in /var/lib/firstlight/metrics.
Serving does not depend on any of it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from pyinfra.api.deploy import deploy

from firstlight.catalogue import System
from firstlight.engines.instance import Instance
from firstlight.engines.quoting import exec_line
from firstlight.exporter import bundle, node
from firstlight.exporter.spec import METRICS, STATE, spec
from firstlight.operations import exporters as operations
from firstlight.operations import packages
from firstlight.operations.files import Directory, File, files
from firstlight.rendering import render
from firstlight.settings import HostSettings
from roles.owned import Owned

UNITS = "etc/systemd/system"
SECONDS = 30

OWNS = Owned(
    files=(
        operations.DROP_IN,
        operations.PROGRAM,
        operations.SPEC,
        f"/{UNITS}/{operations.SERVICE}",
        f"/{UNITS}/{operations.TIMER}",
        f"{METRICS}/",
        f"{STATE}/",
    ),
    units=(node.UNIT, operations.SERVICE, operations.TIMER),
    ports=(str(node.PORT),),
    packages=(node.PACKAGE,),
)


def drop_in() -> tuple[str, str]:
    """Return what is firstlight's own in node exporter's unit, and the mark that it bears."""
    values = {"words": exec_line(node.words())}
    path = operations.DROP_IN.removeprefix("/")
    mark = hashlib.sha256(render(path, mark="", **values).encode()).hexdigest()[:16]
    return render(path, mark=mark, **values), mark


def program(
    settings: HostSettings, system: System, instances: Sequence[Instance], backup_expected: bool
) -> list[File | Directory]:
    """Return the program that writes the facts, what it goes by, and when it runs."""
    names = {"program": operations.PROGRAM, "spec": operations.SPEC}
    service = f"{UNITS}/{operations.SERVICE}"
    timer = f"{UNITS}/{operations.TIMER}"
    told = spec(settings, instances, backup_expected=backup_expected)
    unit = render(service, python=system.python, metrics=METRICS, state=STATE, **names)
    return [
        Directory(STATE, "700"),
        File(operations.PROGRAM, bundle.build()),
        File(operations.SPEC, told),
        File(f"/{service}", unit),
        File(f"/{timer}", render(timer, seconds=SECONDS)),
    ]


@deploy("Exporters")
def exporters(
    settings: HostSettings,
    system: System,
    instances: Sequence[Instance],
    *,
    watched: bool = True,
    backup_expected: bool = False,
) -> None:
    """Have the host measured; nothing of it where it is not ``watched``."""
    if not watched or not settings.monitor.enabled:
        operations.retired(name="Measure nothing any more")
        return
    text, mark = drop_in()
    has_node = bool(system.node_exporter_packages)

    # install
    told = program(settings, system, instances, backup_expected)
    # Its package starts node exporter at once: before that it is said where it listens.
    said = [File(operations.DROP_IN, text)] if has_node else []
    files(name="Say what is measured", items=(Directory(METRICS), *said, *told))
    if has_node:
        packages.installed(
            name="Install node exporter",
            names=(*system.node_exporter_packages, "curl"),
            lock_timeout=settings.base.apt_lock_timeout,
            manager=system.manager,
        )

    # activate
    operations.exporting(name="Have the exporters answer", mark=mark if has_node else "")
