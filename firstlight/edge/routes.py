"""Which path leads to which engine: what the edge's configuration is rendered from."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from firstlight.engines import engine_of
from firstlight.engines.engine import Engine
from firstlight.engines.instance import Instance
from firstlight.engines.names import adapter_names
from firstlight.engines.unit import OUT
from firstlight.settings import Model

GATE_SOCKETS = "/run/firstlight-gate-*.sock"
"""The sockets behind which the replicas of one model are told apart, by instance."""


@dataclass(frozen=True)
class Served:
    """A model that this host answers for, with its instances here."""

    model: Model
    upstream: str
    instances: tuple[Instance, ...]

    @property
    def engine(self) -> Engine:
        return engine_of(self.model)


def served(instances: Sequence[Instance]) -> list[Served]:
    """Return the models behind the edge: those whose requests are taken on this host."""
    by_model: dict[str, list[Instance]] = {}
    for instance in instances:
        if instance.leads:
            by_model.setdefault(instance.model.name, []).append(instance)
    return [
        Served(found[0].model, f"model_{position}", tuple(found))
        for position, found in enumerate(by_model.values())
    ]


def listing(models: Sequence[Served]) -> str:
    """Return the answer to ``GET /v1/models``: models, and their adapters by their own names."""
    found: list[dict[str, Any]] = []
    for each in models:
        entry = {"object": "model", "created": 0, "owned_by": "firstlight"}
        found.append({"id": each.model.name, **entry})
        parent = {**entry, "parent": each.model.name}
        found += [{"id": name, **parent} for name in adapter_names(each.model)]
    return json.dumps({"object": "list", "data": found})


def locations(models: Sequence[Served]) -> list[dict[str, str]]:
    """Return the exact paths that clients may reach; everything else is 404.

    ``/v1/…`` is the first model of the host, ``/models/NAME/v1/…`` each of them. ``out`` is the
    file whose presence says that a model with a single instance is out of service.
    """
    found = [{"path": "/v1/models", "body": listing(models)}]
    for position, each in enumerate(models):
        own = f"/models/{each.model.name}"
        alone = len(each.instances) == 1
        route = {
            "upstream": each.upstream,
            "out": out_of(each.instances[0]) if alone else "",
            "next": "off" if alone else "error http_503 non_idempotent",
        }
        found.append({"path": f"{own}/v1/models", "body": listing([each])})
        for prefix in ["", own] if position == 0 else [own]:
            for path in each.engine.paths:
                found.append({"path": prefix + path, "target": path, **route})
    return found


def upstreams(models: Sequence[Served]) -> list[dict[str, Any]]:
    """Return nginx's upstreams: one instance by its port, several each behind a gate of its own.

    A gate answers 503 for an instance that is out of service, so that the next one is asked.
    Where an engine's open connections are what is counted before a stop, none is kept alive.
    """
    return [
        {
            "name": each.upstream,
            "servers": [server(instance, len(each.instances)) for instance in each.instances],
            "gates": gates(each),
            "keepalive": each.engine.busy is not None,
        }
        for each in models
    ]


def gates(each: Served) -> list[dict[str, Any]]:
    """Return the gates of a model with several instances."""
    if len(each.instances) == 1:
        return []
    return [
        {"socket": gate(instance), "out": out_of(instance), "port": instance.port}
        for instance in each.instances
    ]


def server(instance: Instance, copies: int) -> str:
    """Return where an upstream finds ``instance``, one of ``copies``."""
    return f"unix:{gate(instance)}" if copies > 1 else f"127.0.0.1:{instance.port}"


def gate(instance: Instance) -> str:
    """Return the socket of the gate before ``instance``."""
    return GATE_SOCKETS.replace("*", instance.name)


def out_of(instance: Instance) -> str:
    """Return the file whose presence says that ``instance`` is out of service."""
    return f"{OUT}/{instance.name}"
