"""Engines: programs that serve a model. One file each, behind one small interface."""

from __future__ import annotations

from firstlight.engines import llamacpp, ollama, sglang, tgi, triton, vllm
from firstlight.engines.engine import Container, Engine
from firstlight.engines.instance import Instance
from firstlight.settings import Model

ENGINES: dict[str, Engine] = {
    module.ENGINE.name: module.ENGINE for module in (vllm, ollama, sglang, llamacpp, tgi, triton)
}


def engine_of(model: Model) -> Engine:
    """Return the engine that serves ``model``."""
    return ENGINES[model.engine]


def endpoint_of(instance: Instance) -> str:
    """Return address and port at which the host of ``instance`` reaches it."""
    return f"{instance.address}:{engine_of(instance.model).container(instance).port}"


def paths_of(model: Model) -> tuple[str, ...]:
    """Return the exact API paths at which clients reach ``model``."""
    engine = engine_of(model)
    return engine.paths + (engine.native if model.native_api else ())


__all__ = ["ENGINES", "Container", "Engine", "endpoint_of", "engine_of", "paths_of"]
