"""The container toolkit: never downgraded unasked, never left with known holes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from firstlight.catalogue import systems
from firstlight.nvidia.decide import decide
from firstlight.nvidia.state import NvidiaState
from tests.unit.nvidia.conftest import Wanted
from tests.unit.nvidia.hosts import HOSTS, working

OURS, THEIRS = HOSTS["4090"], working("580.178.04")


def having(state: NvidiaState, version: str) -> NvidiaState:
    names = ("nvidia-container-toolkit", "nvidia-container-toolkit-base")
    return replace(state, packages={**state.packages, **dict.fromkeys(names, f"{version}-1")})


@pytest.mark.parametrize(
    ("state", "asked", "wants", "why"),
    [
        (OURS, {}, ("1.20.0", 4), "the catalogue's"),
        (having(OURS, "1.19.1"), {}, ("1.20.0", 4), "the catalogue's"),
        (having(OURS, "1.21.3"), {}, ("1.21.3", 2), "newer than 1.20.0"),
        (having(OURS, "1.21.3"), {"toolkit": "1.20.0"}, ("1.20.0", 4), "the inventory"),
        (THEIRS, {}, ("1.20.0", 4), "the catalogue's"),
        (having(THEIRS, "1.19.1"), {}, ("1.19.1", 2), "not firstlight's"),
        (having(THEIRS, "1.21.3"), {}, ("1.21.3", 2), "newer than 1.20.0"),
        (having(THEIRS, "1.17.4"), {}, ("1.20.0", 4), "the catalogue's"),
        (replace(THEIRS, toolkit="1.21.3"), {}, ("1.20.0", 4), "the catalogue's"),
    ],
)
def test_which_toolkit(
    state: NvidiaState, asked: dict[str, str], wants: tuple[str, int], why: str, wanted: Wanted
) -> None:
    decision = decide(wanted(**asked), state, systems()["debian 12"])
    version, count = wants
    assert [want.series for want in decision.toolkit] == [version] * count
    (said,) = (each for each in decision.reasons if each.startswith("container toolkit"))
    assert said.startswith(f"container toolkit {version}: ") and why in said
