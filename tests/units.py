"""Units of models for tests, placed as on a host that serves nothing else."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from firstlight.engines.instance import Instance
from firstlight.engines.placement import placed
from firstlight.engines.unit import EngineUnit
from firstlight.settings import Model


def instances_of(*models: Model, cards: int | None = None) -> tuple[Instance, ...]:
    """Return the instances of ``models`` on a host with so many ``cards``."""
    host = cast(Any, SimpleNamespace(name="gpu1", models=models, reached_at="192.0.2.1"))
    return placed(host, {"gpu1": host}, cards)


def unit_of(model: Model, cards: int | None = None) -> EngineUnit:
    """Return the unit of the only instance of ``model``."""
    (instance,) = instances_of(model, cards=cards)
    return EngineUnit(instance)
