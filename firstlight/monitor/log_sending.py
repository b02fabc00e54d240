"""What a host needs to send its journal, and its edge's request log, to each of its monitors."""

from __future__ import annotations

from pathlib import Path

from firstlight import site
from firstlight.catalogue import System
from firstlight.edge import measure
from firstlight.monitor import requests as program
from firstlight.monitor.log_certificates import sender_leaf
from firstlight.monitor.log_unit import CA, FOLDER, STATE, UNITS, Part
from firstlight.rendering import verbatim
from firstlight.settings import HostSettings
from firstlight.settings.fronts import Site
from firstlight.settings.log_streams import Stream, receivers, slug, streams

CERTIFICATE, KEY = f"{FOLDER}/sender.crt", f"{FOLDER}/sender.key"
PROGRAM = "/usr/local/lib/firstlight/requests-log"
EDGE = "firstlight-edge"
"""The journal's namespace of the request log: a flood of requests displaces nothing else."""
NAMESPACE = f"/etc/systemd/journald@{EDGE}.conf"
FOLLOWER = "firstlight-logs-requests.service"
POSITION = "/var/lib/firstlight/requests-log"
OF_EDGE = (PROGRAM, NAMESPACE, POSITION, f"/{UNITS}/{FOLLOWER}")
OF_SENDER = (CERTIFICATE, KEY, STATE)


def sending(settings: HostSettings, system: System, sites: Site) -> Part:
    """Return what a host that sends has; nothing of one that does not."""
    part = Part()
    found = receivers(settings, sites)
    if not found:
        return part
    leaf, ca = sender_leaf(settings), site.authority(settings).pem
    part.files |= {CA: ca, CERTIFICATE: leaf.cert_pem, KEY: leaf.key}
    if settings.edge.enabled:  # first: it makes the journal that is sent
        text = Path(program.__file__).read_text()
        part.files |= {PROGRAM: text, NAMESPACE: verbatim(NAMESPACE[1:])}
        part.units[FOLLOWER] = part.add(
            FOLLOWER,
            FOLLOWER,
            text,
            namespace=EDGE,
            python=system.python,
            program=PROGRAM,
            log=f"{measure.LOGS}/access.log",
            position=f"{POSITION}/position",
            folder_of_state=POSITION,
        )
    for monitor in found:
        for stream in streams(settings):
            name = unit_name(stream, monitor)
            part.units[name] = uploader(part, name, stream, monitor, [leaf.cert_pem, ca])
    return part


def unit_name(stream: Stream, monitor: HostSettings) -> str:
    """Return the unit that sends ``stream`` to ``monitor``."""
    kind = "" if stream.path == "journal" else f"{stream.path}-"
    return f"firstlight-logs-{kind}to-{slug(monitor.name)}.service"


def uploader(part: Part, name: str, stream: Stream, monitor: HostSettings, mark: object) -> str:
    """Add the unit that sends ``stream`` to ``monitor``; return what it is started with."""
    journal = stream.path == "journal"
    where = monitor.reached_at
    address = f"[{where}]" if ":" in where else where
    return part.add(
        name,
        "firstlight-logs-to.service",
        mark,
        name=name.removesuffix(".service"),
        what="the journal" if journal else "the edge's request log",
        monitor=monitor.name,
        url=f"https://{address}:{monitor.monitor.logs.port}/{stream.path}",
        source="" if journal else f" --directory=/var/log/journal/%m.{EDGE}",
        state=f"{STATE}/{stream.path}-{slug(monitor.name)}",
        folder=FOLDER,
        folder_of_state=STATE,
    )
