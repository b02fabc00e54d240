"""Which journals go from which host to which monitor, and what each is called."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from firstlight.settings.fronts import Site
from firstlight.settings.host import HostSettings
from firstlight.settings.watched import monitors, watches

REQUESTS = "_requests"
"""What the name of an edge's request log ends in: no other name has an underscore."""
LONGEST = 50


@dataclass(frozen=True)
class Stream:
    """What one host sends: its journal, or the request log of its edge.

    ``path`` is where it is taken, ``name`` how it is called on the monitor.
    """

    host: HostSettings
    path: str
    name: str


def slug(name: str) -> str:
    """Return ``name`` as a part of files', sockets' and units' names: no two hosts have one."""
    plain = re.sub(r"^[^A-Za-z0-9]", "x", re.sub(r"[^A-Za-z0-9.-]", "-", name))[:LONGEST]
    return plain if plain == name else f"{plain}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def receivers(host: HostSettings, site: Site) -> list[HostSettings]:
    """Return the monitors that ``host`` sends its journals to: each that watches it from outside.

    A monitor has its own journal already.
    """
    if not host.monitor.logs.enabled:
        return []
    return [each for each in monitors(host, site) if each.name != host.name]


def senders(monitor: HostSettings, site: Site) -> list[HostSettings]:
    """Return the hosts that send their journals to ``monitor``."""
    return [
        each
        for each in watches(monitor, site)
        if each.name != monitor.name and each.monitor.logs.enabled
    ]


def streams(host: HostSettings) -> list[Stream]:
    """Return what ``host`` sends to each of its monitors."""
    found = [Stream(host, "journal", slug(host.name))]
    if host.edge.enabled:
        found.append(Stream(host, "requests", slug(host.name) + REQUESTS))
    return found


def taken(monitor: HostSettings, site: Site) -> list[Stream]:
    """Return everything that is sent to ``monitor``."""
    return [stream for host in senders(monitor, site) for stream in streams(host)]


def moves_logs(host: HostSettings, site: Site) -> bool:
    """Whether ``host`` sends journals or takes those of others."""
    return bool(receivers(host, site) or senders(host, site))
