"""Contradictions in how one model is spread over GPUs, copies and hosts."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

from firstlight.catalogue import EngineRow
from firstlight.settings.model import Model
from firstlight.settings.problem import Problem

_SIZES = ("tensor_parallel", "pipeline_parallel", "data_parallel")


def gpu_contradictions(host: str, at: str, model: Model, profile: EngineRow) -> Iterator[Problem]:
    """Every contradiction between ``gpus``, ``replicas``, ``nodes`` and the parallel sizes."""
    yield from _listed(host, f"{at}.gpus", model)
    yield from _copies(host, at, model)
    if model.gpus == 0:
        yield from _without(host, at, model)
    elif profile.parallel:
        yield from _sizes(host, at, model)


def _listed(host: str, key: str, model: Model) -> Iterator[Problem]:
    if not isinstance(model.gpus, tuple):
        return
    twice = sorted({gpu for gpu in model.gpus if model.gpus.count(gpu) > 1})
    if twice:
        found = f"GPU {', '.join(map(str, twice))} more than once"
        yield Problem(host, key, found, "each GPU at most once")
    if len(model.gpus) % model.replicas:
        expected = f"a multiple of {model.replicas}: as many for each of the replicas"
        yield Problem(host, key, f"{len(model.gpus)} GPUs", expected)


def _copies(host: str, at: str, model: Model) -> Iterator[Problem]:
    if model.nodes > 1 and model.replicas > 1:
        expected = f"1: a copy over {model.nodes} hosts has these hosts' GPUs to itself"
        yield Problem(host, f"{at}.replicas", str(model.replicas), expected)
    if model.nodes == 1 and model.executor == "ray":
        expected = "mp: on one host there is nothing for Ray to join"
        yield Problem(host, f"{at}.executor", "ray", expected)


def _without(host: str, at: str, model: Model) -> Iterator[Problem]:
    for key in ("gpu_memory_utilization", *_SIZES):
        value = getattr(model, key)
        if value is not None and (key == "gpu_memory_utilization" or value > 1):
            yield Problem(host, f"{at}.{key}", str(value), "nothing: gpus is 0")
    if model.nodes > 1:
        yield Problem(host, f"{at}.nodes", str(model.nodes), "1: gpus is 0")


def _sizes(host: str, at: str, model: Model) -> Iterator[Problem]:
    """The sizes multiply to the GPUs of one copy, where that number is declared."""
    if isinstance(model.gpus, tuple):
        each = len(model.gpus) // model.replicas
    elif isinstance(model.gpus, int):
        each = model.gpus
    else:
        return
    cards = each * model.nodes
    given = {key: size for key in _SIZES if (size := getattr(model, key)) is not None}
    product = prod(given.values())
    all_given = {"tensor_parallel", "pipeline_parallel"} <= set(given)
    if given and (product != cards if all_given else cards % product):
        found = " times ".join(f"{key} {size}" for key, size in given.items())
        hosts = f" on each of {model.nodes} hosts" if model.nodes > 1 else ""
        relation = "multiply to" if all_given else "divide"
        expected = f"sizes that {relation} {cards}, the GPUs of one copy ({each}{hosts})"
        yield Problem(host, f"{at}.{next(iter(given))}", found, expected)
