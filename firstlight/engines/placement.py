"""Which copies of which models run on a host, and on which of its GPUs: pure arithmetic."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from firstlight.catalogue import engines
from firstlight.engines.instance import Instance, Node

if TYPE_CHECKING:
    from firstlight.settings import HostSettings, Model

Site = Mapping[str, "HostSettings"]


def placed(settings: HostSettings, site: Site, cards: int | None) -> tuple[Instance, ...]:
    """Return the instances of a host, in the order of its models.

    ``site`` are all hosts of the inventory by name, in its order; ``cards`` is how many GPUs the
    host has, None where that is not known.
    """
    taken = {gpu for model in settings.models for gpu in _listed(model)}
    found: list[Instance] = []
    for model in settings.models:
        node = node_of(settings, model, site)
        for number, gpus in enumerate(_divided(model, taken, cards)):
            count = len(gpus) if gpus != ("all",) else cards or 0
            found.append(_instance(model, number, gpus, count, node))
    return tuple(found)


def node_of(settings: HostSettings, model: Model, site: Site) -> Node | None:
    """Return the part of this host in a copy that spans several; None where it does not."""
    if model.nodes == 1:
        return None
    members = spanning(model, site)
    place = members.index(settings.name)
    head = members[place - place % model.nodes]
    return Node(
        rank=place % model.nodes,
        count=model.nodes,
        head=site[head].reached_at,
        address=settings.reached_at,
    )


def spanning(model: Model, site: Site) -> list[str]:
    """Return the names of the hosts that declare ``model`` with as many nodes."""
    return [
        name
        for name, host in site.items()
        if any((m.name, m.nodes) == (model.name, model.nodes) for m in host.models)
    ]


def _listed(model: Model) -> tuple[int, ...]:
    return model.gpus if isinstance(model.gpus, tuple) else ()


def _divided(model: Model, taken: set[int], cards: int | None) -> list[tuple[str, ...]]:
    """Return the GPUs of each replica; a count takes the lowest that nobody has."""
    copies = model.replicas
    if model.gpus == 0:
        return [()] * copies
    if model.gpus == "all":
        if copies == 1 or not cards:
            return [("all",)] * copies
        numbers = list(range(cards))
    elif isinstance(model.gpus, tuple):
        numbers = list(model.gpus)
    else:
        free = (n for n in range(len(taken) + model.gpus * copies) if n not in taken)
        numbers = [next(free) for _ in range(model.gpus * copies)]
        taken.update(numbers)
    each = max(1, len(numbers) // copies)
    return [
        tuple(str(n) for n in numbers[part * each : (part + 1) * each]) for part in range(copies)
    ]


def _instance(
    model: Model, number: int, gpus: tuple[str, ...], cards: int, node: Node | None
) -> Instance:
    tensor, pipeline, data = sizes(model, cards)
    return Instance(
        model, number, model.port + number, gpus, cards, tensor, pipeline, data, node
    )  # fmt: skip


def sizes(model: Model, cards: int) -> tuple[int, int, int]:
    """Return the tensor, pipeline and data parallel sizes on ``cards`` GPUs of each node.

    What is not declared is: one copy of the data, one stage of the pipeline for each node, and
    tensor parallel over all GPUs that are left.
    """
    can = engines()[model.engine].parallel
    data = model.data_parallel or 1
    pipeline = model.pipeline_parallel or (model.nodes if "pipeline" in can else 1)
    left = max(1, cards * model.nodes // (pipeline * data))
    tensor = model.tensor_parallel or (left if "tensor" in can else 1)
    return tensor, pipeline, data
