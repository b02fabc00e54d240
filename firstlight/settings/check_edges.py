"""Contradictions between an edge and the hosts whose models it offers."""

from __future__ import annotations

from collections.abc import Iterator

from firstlight.settings.check_guard import guard_contradictions
from firstlight.settings.fronts import Site, fronted, fronts
from firstlight.settings.host import HostSettings
from firstlight.settings.problem import NOTHING, Problem
from firstlight.settings.value import is_ip

GATE_OFFSET = 10000
"""How far above an engine's own port its host answers the edges of other hosts, by TLS."""
_HIGHEST = 65535
_RESERVED = ("gate.firstlight.internal", "edge.firstlight.internal")
"""Names with which gates and edges know each other."""


def edge_contradictions(site: Site) -> Iterator[Problem]:
    """Every contradiction between the edges of an inventory and its other hosts."""
    for host in site.values():
        if host.edge.enabled:
            yield from _domain(host)
            yield from _hosts(host, site)
            offered = {m.public for each in fronted(host, site) for m in each.models}
            yield from guard_contradictions(host.name, host.edge.guard, offered)
        if edges := fronts(host, site):
            yield from _gates(host)
            yield from _address(host, edges[0])


def _domain(edge: HostSettings) -> Iterator[Problem]:
    # The edge's own authority may sign for what is below its domain.
    if any(f".{edge.domain}".endswith(f".{name}") or name == edge.domain for name in _RESERVED):
        yield Problem(edge.name, "domain", str(edge.domain), "another name: gates and edges use it")
    elif any(name.endswith(f".{edge.domain}") for name in _RESERVED):
        yield Problem(
            edge.name, "domain", str(edge.domain), "a name that those of gates are not below"
        )


def _hosts(edge: HostSettings, site: Site) -> Iterator[Problem]:
    named = edge.edge.hosts
    for place, name in enumerate(named or ()):
        where = f"edge.hosts[{place}]"
        if name not in site:
            yield Problem(edge.name, where, name, "the name of a host of this inventory")
        elif not site[name].models:
            yield Problem(edge.name, where, name, "a host that serves a model")
    if named is not None and edge.models and edge.name not in named:
        expected = f"{edge.name} among them: its own models would be behind no edge"
        yield Problem(edge.name, "edge.hosts", ", ".join(named) or "an empty list", expected)
    elif not fronted(edge, site):
        expected = "at least one model: its edge is enabled, and no other host serves any behind it"
        yield Problem(edge.name, "models", NOTHING, expected)


def _address(host: HostSettings, edge: HostSettings) -> Iterator[Problem]:
    # nginx asks the DNS once, when it starts: without an answer it would not.
    if not is_ip(host.reached_at):
        expected = f"an IP address: the edge of {edge.name} reaches its engines by it"
        yield Problem(host.name, "address", str(host.address or NOTHING), expected)


def _gates(host: HostSettings) -> Iterator[Problem]:
    taken = {host.edge.port, host.edge.http_port} if host.edge.enabled else set()
    taken |= {model.port + copy for model in host.models for copy in range(model.replicas)}
    for index, model in enumerate(host.models):
        for copy in range(model.replicas):
            gate = model.port + copy + GATE_OFFSET
            if gate > _HIGHEST or gate in taken:
                expected = (
                    f"a port that leaves {GATE_OFFSET} above it free (below {_HIGHEST + 1}): there "
                    "other hosts' edges reach it"
                )
                yield Problem(host.name, f"models[{index}].port", str(model.port), expected)
                break
