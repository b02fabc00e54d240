"""Contradictions of logs: nobody who takes them, no address, too little room."""

from __future__ import annotations

from collections.abc import Iterator

from firstlight.settings.check_firewall import roles_ports
from firstlight.settings.fronts import Site
from firstlight.settings.host import HostSettings
from firstlight.settings.log_streams import senders, taken
from firstlight.settings.problem import NOTHING, Problem
from firstlight.settings.sources import addresses_of
from firstlight.settings.watched import monitors

LEAST = 32 << 20
"""Bytes that a monitor keeps of each stream at least: two files of the smallest size, twice."""


def log_contradictions(site: Site) -> Iterator[Problem]:
    """Every contradiction in what journals the hosts of an inventory send to whom."""
    for host in site.values():
        if host.monitor.logs.enabled and not monitors(host, site):
            expected = "False, or a host of the group monitor that watches it: nobody takes them"
            yield Problem(host.name, "monitor.logs.enabled", "True", expected)
        if senders(host, site):
            yield from _taking(host, site)


def _taking(monitor: HostSettings, site: Site) -> Iterator[Problem]:
    logs, key = monitor.monitor.logs, "monitor.logs"
    streams = len(taken(monitor, site))
    if logs.keep < LEAST * streams:
        expected = f"{LEAST * streams >> 20}MiB or more: {streams} journals are sent to it"
        yield Problem(monitor.name, f"{key}.keep", str(int(logs.keep)), expected)
    taken_by = roles_ports(monitor, site)["tcp", logs.port]
    if taken_by != f"{key}.port":
        expected = f"a port of its own: {taken_by} is the same"
        yield Problem(monitor.name, f"{key}.port", str(logs.port), expected)
    for host in senders(monitor, site):
        if not addresses_of(host):
            expected = f"the IP addresses from which it asks other hosts: it sends its journal to {monitor.name}"
            yield Problem(host.name, "firewall.addresses", NOTHING, expected)
