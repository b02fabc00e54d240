"""Logs: the hosts' journals on the monitors, and the request logs of edges.

Owns the units firstlight-logs-*, what they go by in /etc/firstlight/logs, and on a monitor
/var/log/journal/remote. systemd's own shipper sends them (systemd-journal-upload) and writes them
down (systemd-journal-remote). Between the two stands an nginx of its own: the latter, as Debian and
Ubuntu build it, cannot tell who sends.
"""

from __future__ import annotations

from collections.abc import Iterator

from pyinfra.api.deploy import deploy

from firstlight.catalogue import System
from firstlight.firewall.opening import Opening
from firstlight.monitor.log_sending import NAMESPACE, OF_EDGE, OF_SENDER, POSITION, PROGRAM, sending
from firstlight.monitor.log_taking import (
    BOUNDS,
    DOOR,
    INCOMING,
    KEEP,
    KEPT,
    OF_TAKER,
    SOCKETS,
    taking,
)
from firstlight.monitor.log_unit import FOLDER, STATE, UNITS, USER
from firstlight.operations import logs as operations
from firstlight.operations import packages
from firstlight.operations.files import Directory, File, files
from firstlight.secret import Secret
from firstlight.settings import HostSettings
from firstlight.settings.fronts import Site
from firstlight.settings.log_streams import receivers, senders
from firstlight.settings.sources import addresses_of
from roles.owned import Owned

OWNS = Owned(
    files=(
        f"{FOLDER}/",
        f"{STATE}/",
        f"{POSITION}/",
        f"{KEPT}/",
        PROGRAM,
        BOUNDS,
        NAMESPACE,
        f"/{UNITS}/firstlight-logs-to-{{monitor}}.service",
        f"/{UNITS}/firstlight-logs-requests-to-{{monitor}}.service",
        *(path for path in (*OF_EDGE, *OF_TAKER) if path.startswith(f"/{UNITS}/")),
    ),
    units=(
        "firstlight-logs-to-{monitor}.service",
        "firstlight-logs-requests-to-{monitor}.service",
        "firstlight-logs-requests.service",
        f"{INCOMING}{{host}}.socket",
        DOOR,
        f"{KEEP}.timer",
    ),
    ports=("{monitor.logs.port}",),
    packages=("systemd-journal-remote", "nginx"),
)


def opens(settings: HostSettings, sites: Site) -> Iterator[Opening]:
    """Yield where a monitor takes journals, from the hosts that send theirs."""
    found = senders(settings, sites)
    if found:
        sources = tuple(dict.fromkeys(each for host in found for each in addresses_of(host)))
        said = f"the hosts {', '.join(host.name for host in found)}"
        yield Opening("logs", (settings.monitor.logs.port,), sources, said)


@deploy("Logs")
def logs(settings: HostSettings, system: System, sites: Site) -> None:
    """Send the host's journals to its monitors, take those of others; without either, neither."""
    sent, took = sending(settings, system, sites), taking(settings, system, sites)
    if not (sent.units or took.units):
        gone = (FOLDER, SOCKETS, *OF_SENDER, *OF_EDGE, *OF_TAKER)
        operations.retired(name="Send and take no journals", paths=gone)
        return

    # install
    packages.installed(
        name="Install what sends and takes journals",
        names=("systemd-journal-remote", *(("nginx",) if took.units else ())),
        lock_timeout=settings.base.apt_lock_timeout,
        manager=system.manager,
    )

    # configure
    texts = {**sent.files, **took.files}
    there = {*texts, *(each.path for each in folders(settings, sites))}
    files(
        name="Write what journals are sent and taken by",
        items=(
            *folders(settings, sites),
            *(File(path, text, mode(text)) for path, text in texts.items()),
        ),
        absent=tuple(path for path in beside() if path not in there),
    )

    # activate
    operations.moving(name="Send and take journals", wanted={**sent.units, **took.units})


def folders(settings: HostSettings, sites: Site) -> Iterator[Directory]:
    """Yield the folders of those who send, and of those who take."""
    yield Directory(FOLDER)
    if receivers(settings, sites):
        yield Directory(STATE, "750", USER, USER)
        if settings.edge.enabled:
            yield Directory(POSITION, "700")
    if senders(settings, sites):
        yield Directory(KEPT, "2750", USER, "systemd-journal")


def beside() -> tuple[str, ...]:
    """Return what goes with a side that is no more; its units are stopped before theirs do."""
    return tuple(
        path
        for path in (*OF_SENDER, *OF_EDGE, *OF_TAKER)
        if not path.startswith(f"/{UNITS}/") or "@." in path
    )


def mode(text: str | Secret) -> str:
    """Return the mode of a file: a key is root's, and handed to its unit by systemd."""
    return "600" if isinstance(text, Secret) else "644"
