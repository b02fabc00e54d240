"""Engines: programs that serve a model. One file each, behind one small interface."""

from __future__ import annotations

from firstlight.engines import llamacpp, vllm
from firstlight.engines.engine import Container, Engine
from firstlight.settings import Model

ENGINES: dict[str, Engine] = {engine.name: engine for engine in (llamacpp.ENGINE, vllm.ENGINE)}


def engine_of(model: Model) -> Engine:
    """Return the engine that serves ``model``."""
    return ENGINES[model.engine]


__all__ = ["ENGINES", "Container", "Engine", "engine_of"]
