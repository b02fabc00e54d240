"""What deploys/gpu.py would do: every system with every kind of host, as one table.

The table stands in ``expected/gpu-layer.txt``; UPDATE_EXPECTED=1 writes it anew.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pyinfra.api.exceptions import PyinfraError

from firstlight import registry
from firstlight.catalogue import System, systems
from firstlight.nvidia.state import NvidiaState
from firstlight.operations import transaction
from tests.roles.gpu_hosts import KERNEL
from tests.roles.hosts import bare, made
from tests.roles.stage import Stage
from tests.roles.test_plans import expect
from tests.unit.nvidia.hosts import HOSTS

INVENTORIES = Path(__file__).parent / "inventories"
INVENTORY = INVENTORIES / "gpu_only.py"
QUIET = ("Base | ", "Docker | ")


class Words:
    """Notes the package managers' words of every transaction that is planned."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.said: list[str] = []
        real = transaction.arguments

        def arguments(*asked: Any) -> list[str]:
            words = real(*asked)
            self.said.append(" ".join(words))
            return words

        patch.setattr(transaction, "arguments", arguments)


def on(system: System, state: NvidiaState) -> NvidiaState:
    """The recorded host with the kernel names of ``system``."""
    kernel = KERNEL[system.manager]
    return replace(state, kernel=kernel, next_kernel=kernel, machine="x86_64", boot_id="boot-1")


def row(stage: Stage, words: Words, system: System, state: NvidiaState) -> list[str]:
    """What the deploy would do on one host, in lines."""
    words.said.clear()
    try:
        # The key of NVIDIA's repository for dnf does not travel with firstlight.
        name = "gpu_mirror" if system.manager == "dnf" else "gpu_only"
        played = stage.play(INVENTORIES / f"{name}.py", bare(system, on(system, state)), "gpu")
    except PyinfraError as error:
        first = str(error).replace("@fake/", "").splitlines()[1]
        return [re.sub(r"^gpu1(: )?", "refused: ", first)]
    steps = [each for each in played.changes["gpu1"] if not each.startswith(QUIET)]
    return [*steps, *(f"  {said}" for said in words.said)]


def table(stage: Stage, patch: pytest.MonkeyPatch) -> str:
    words = Words(patch)
    lines, told = [], {}
    for name, system in systems().items():
        for kind, state in HOSTS.items():
            body = "\n".join(f"  {line}" for line in row(stage, words, system, state))
            same = told.setdefault((kind, body), name)
            lines.append(f"{name}, {kind}" + (f": as {same}" if same != name else f"\n{body}"))
    return "\n".join(lines) + "\n"


def test_every_system_with_every_kind_of_host(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    expect("gpu-layer", table(stage, monkeypatch))


@pytest.mark.parametrize("kind", ["4090", "hgx", "b200", "there"])
@pytest.mark.parametrize("name", ["debian 12", "debian 13", "ubuntu 24.04"])
def test_a_second_run_changes_nothing(stage: Stage, name: str, kind: str) -> None:
    system, state = systems()[name], HOSTS[kind]
    first = stage.play(INVENTORY, bare(system, on(system, state)), "gpu")
    assert first.changes["gpu1"]
    second = stage.play(INVENTORY, made(system, first, on(system, state)), "gpu")
    assert second.changes == {"gpu1": []} and second.written == {}


def test_an_image_that_needs_a_newer_cuda_is_refused_before_any_change(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = {"NVIDIA_REQUIRE_CUDA": "cuda>=13.4 brand=tesla,driver>=580,driver<581"}
    monkeypatch.setattr(registry, "environment", lambda *_: asked)
    system = systems()["ubuntu 24.04"]
    with pytest.raises(PyinfraError) as refused:
        stage.play(INVENTORY, bare(system, on(system, HOSTS["4090"])), "gpu")
    for words in ("models[0].image", "CUDA 13.4", "13.0", "nvidia.branch to 615"):
        assert words in str(refused.value)
    # On a data-centre card the image brings its CUDA along for this very branch.
    assert stage.play(INVENTORY, bare(system, on(system, HOSTS["hgx"])), "gpu").changes["gpu1"]
