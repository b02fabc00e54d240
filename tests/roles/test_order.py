"""The order of operations that runs go by is pyinfra's own."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from pyinfra.api import State

from firstlight.catalogue import systems
from firstlight.order import MODULE, NAME, order
from tests.roles.hosts import bare
from tests.roles.stage import Stage
from tests.roles.test_gpu_layer import INVENTORY, on
from tests.unit.nvidia.hosts import HOSTS


def test_it_is_what_pyinfra_finds(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    from pyinfra.api.util import get_operation_order_from_stack as its

    compared = []

    def both(state: State) -> Any:
        found = order(state), its(state)  # on one line: it is among the lines that they tell
        compared.append(found)
        return found[1]

    assert vars(sys.modules[MODULE])[NAME] is order
    monkeypatch.setattr(sys.modules[MODULE], NAME, both)
    system = systems()["debian 13"]
    assert stage.play(INVENTORY, bare(system, on(system, HOSTS["4090"])), "gpu").changes["gpu1"]
    assert len(compared) > 10
    assert all(ours == theirs for ours, theirs in compared)
