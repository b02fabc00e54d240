"""Contradictions of the firewall: who is meant, and what is declared twice."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from firstlight.settings.check_edges import GATE_OFFSET
from firstlight.settings.fronts import Site, fronts
from firstlight.settings.host import HostSettings
from firstlight.settings.log_streams import senders
from firstlight.settings.problem import NOTHING, Problem
from firstlight.settings.sources import ADMIN, ANYWHERE, addresses_of, is_network, members

Declared = dict[tuple[str, int], str]


def firewall_contradictions(site: Site) -> Iterator[Problem]:
    """Every contradiction in what the hosts of an inventory let in."""
    for host in site.values():
        if not host.firewall.enabled:
            continue
        yield from _overlaps(host, site)
        for index, allow in enumerate(host.firewall.allow):
            yield from _source(host, f"firewall.allow[{index}].from", allow.source, site)
        for edge in fronts(host, site):
            yield from _addressed(edge, f"its gates are open to {edge.name} alone", host)


def _overlaps(host: HostSettings, site: Site) -> Iterator[Problem]:
    declared = roles_ports(host, site)
    for index, allow in enumerate(host.firewall.allow):
        if bool(allow.ports) != (allow.protocol in ("tcp", "udp")):
            expected = "ports for tcp and udp, and none for other protocols"
            found = ", ".join(map(str, allow.ports)) or NOTHING
            yield Problem(host.name, f"firewall.allow[{index}].ports", found, expected)
        for port in allow.ports:
            before = declared.get((allow.protocol, port))
            if before is not None:
                expected = f"a port that is not declared yet: {before} declares it"
                key = f"firewall.allow[{index}].ports"
                yield Problem(host.name, key, f"{allow.protocol} {port}", expected)
            declared.setdefault((allow.protocol, port), f"firewall.allow[{index}]")


def roles_ports(host: HostSettings, site: Site) -> Declared:
    """Return which setting declares the ports that roles open on ``host``."""
    found: Declared = {("tcp", host.firewall.ssh_port): "firewall.ssh_port"}
    if host.edge.enabled:
        found["tcp", host.edge.port] = "edge.port"
        found["tcp", host.edge.http_port] = "edge.http_port"
    if fronts(host, site):
        for index, model in enumerate(host.models):
            for copy in range(model.replicas):
                gate = model.port + copy + GATE_OFFSET
                found["tcp", gate] = f"models[{index}].port (its gate)"
    if host.monitor.enabled:
        found["tcp", host.monitor.port] = "monitor.port"
        if host.monitor.grafana.image is not None:
            found["tcp", host.monitor.grafana.port] = "monitor.grafana.port"
    if senders(host, site):
        found.setdefault(("tcp", host.monitor.logs.port), "monitor.logs.port")
    return found


def _source(host: HostSettings, key: str, word: str, site: Site) -> Iterator[Problem]:
    if word in (ANYWHERE, ADMIN) or is_network(word):
        return
    found = members(word, site)
    if found is None:
        known = {
            ANYWHERE,
            ADMIN,
            *site,
            *(group for each in site.values() for group in each.groups),
        }
        nearest = difflib.get_close_matches(word, sorted(known), 1)
        expected = (
            '"anywhere", "admin", a group or a host of this inventory, a network or an address'
        )
        yield Problem(host.name, key, word, expected, nearest=nearest[0] if nearest else "")
        return
    for member in found:
        yield from _addressed(member, f"{key} of {host.name} lets it in", host)


def _addressed(member: HostSettings, reason: str, host: HostSettings) -> Iterator[Problem]:
    if member.name != host.name and not addresses_of(member):
        yield Problem(
            member.name,
            "firewall.addresses",
            NOTHING,
            f"the IP addresses from which it asks other hosts: {reason}",
        )
