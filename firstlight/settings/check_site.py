"""Contradictions between hosts: those that are to serve one copy of a model together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from firstlight.settings.host import HostSettings
from firstlight.settings.model import Model
from firstlight.settings.problem import NOTHING, Problem
from firstlight.settings.value import is_ip

_ALIKE = (
    "engine", "image", "weights", "context", "gpus", "tensor_parallel", "pipeline_parallel",
    "data_parallel", "expert_parallel", "executor", "quantization", "kv_cache_dtype", "args",
)  # fmt: skip
"""What must be the same on all hosts of one copy: they start one program together."""


def site_contradictions(site: Mapping[str, HostSettings]) -> Iterator[Problem]:
    """Every contradiction between the hosts of an inventory."""
    spanning: dict[tuple[str, int], list[tuple[HostSettings, int]]] = {}
    for host in site.values():
        for index, model in enumerate(host.models):
            if model.nodes > 1:
                spanning.setdefault((model.name, model.nodes), []).append((host, index))
    for (name, nodes), hosts in spanning.items():
        yield from _whole(name, nodes, hosts)
        yield from _addresses(hosts)
        yield from _alike(hosts)


def _whole(name: str, nodes: int, hosts: list[tuple[HostSettings, int]]) -> Iterator[Problem]:
    if len(hosts) % nodes:
        host, index = hosts[-1]
        there = "1 host" if len(hosts) == 1 else f"{len(hosts)} hosts"
        expected = f"{nodes} hosts, or a multiple of it, that declare {name} with nodes {nodes}"
        yield Problem(host.name, f"models[{index}].nodes", there, expected)


def _addresses(hosts: list[tuple[HostSettings, int]]) -> Iterator[Problem]:
    for host, _ in hosts:
        if not is_ip(host.reached_at):
            expected = "an IP address of the hosts' private network: they join by it"
            yield Problem(host.name, "address", str(host.address or NOTHING), expected)


def _alike(hosts: list[tuple[HostSettings, int]]) -> Iterator[Problem]:
    first_host, first_index = hosts[0]
    first = first_host.models[first_index]
    for host, index in hosts[1:]:
        for key in _ALIKE:
            if _of(host.models[index], key) != _of(first, key):
                expected = f"the same as on {first_host.name}: the hosts serve one copy together"
                yield Problem(host.name, f"models[{index}].{key}", "another value", expected)


def _of(model: Model, key: str) -> object:
    return getattr(model, key)
