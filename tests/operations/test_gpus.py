"""Containers see the GPUs: proven once for a combination, and remembered."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from firstlight.facts.good import LastGood
from firstlight.facts.nvidia import NvidiaProbe
from firstlight.nvidia import good
from firstlight.nvidia.good import good_of
from firstlight.nvidia.state import Fabric, NvidiaState
from firstlight.operations.gpus import visible
from tests.gpu import DECISION, WORKING, state
from tests.operations.play import commands, converged, run
from tests.stubs import Stubs

NOW = good_of(WORKING, DECISION)
UNSEEN = state(cdi_devices=frozenset(), cdi_specs=())


def seen(*states: NvidiaState, proven: Any = ()) -> dict[type, Any]:
    left = list(states)
    return {
        NvidiaProbe: lambda: left.pop(0) if len(left) > 1 else left[0],
        LastGood: lambda path: list(proven),
    }


def test_what_was_proven_stays_proven() -> None:
    assert converged(visible, seen(WORKING, proven=[NOW]), decision=DECISION)


@pytest.mark.parametrize(
    "change", [{"kernel": "6.13"}, {"toolkit": "1.21.0"}, {"loaded": "580.200.1"}, {"packages": {}}]
)
def test_another_combination_is_proven_anew(change: dict[str, Any]) -> None:
    (prove, keep), _ = commands(visible, seen(state(**change), proven=[NOW]), decision=DECISION)
    assert "--device nvidia.com/gpu=all" in prove.get_raw_value()
    assert good.PATH in keep.get_raw_value()


def test_a_specification_is_made_where_it_is_missing() -> None:
    (specify, prove, _), _ = commands(visible, seen(UNSEEN, WORKING), decision=DECISION)
    assert "nvidia-cdi-refresh.service" in specify.get_raw_value()
    assert "daemon-reload" in prove.get_raw_value()


def test_a_specification_that_does_not_come() -> None:
    (_, failed), _ = commands(visible, seen(UNSEEN), decision=DECISION)
    done = run(failed)
    assert done.returncode == 1 and "nvidia.com/gpu=all" in done.stderr


def test_a_fabric_that_is_not_up_is_no_success() -> None:
    lame = state(fabric=Fabric("580.178.04-1", True, "Completed", "Failure"))
    hgx = replace(DECISION, fabric=True)
    found, _ = commands(visible, seen(lame, proven=[NOW]), decision=hgx)
    done = run(found[-1])
    assert done.returncode == 1
    assert "802" in done.stderr and "Failure" in done.stderr


DOCKER = r"""
case $1 in
  import) cat >/dev/null ;;
  exec) n=$(cat {folder}/calls 2>/dev/null | wc -l); echo x >>{folder}/calls
        [ "$n" -ge {good} ] || case "$*" in *-L) printf 'GPU 0: a card (UUID: GPU-1)\n' ;; esac ;;
esac
"""


def prove(stubs: Stubs, folder: Any, good: int, uuid: str = "GPU-1") -> Any:
    stubs.add("docker", DOCKER.format(folder=folder, good=good))
    stubs.add("systemctl")
    stubs.add("nvidia-smi", f"printf 'GPU 0: a card (UUID: {uuid})\\n'")
    (step, _), _ = commands(visible, seen(WORKING), decision=DECISION)
    return run(step, stubs.env)


def test_a_container_that_keeps_its_gpus(stubs: Stubs, tmp_path: Any) -> None:
    folder = tmp_path / "state"
    folder.mkdir()
    done = prove(stubs, folder, good=9)
    assert done.returncode == 0, done.stderr
    calls = stubs.calls("docker", "systemctl")
    reload = calls.index("systemctl daemon-reload")
    assert any(call.startswith("docker exec") for call in calls[:reload])
    assert any(call.startswith("docker exec") for call in calls[reload:])
    # Nothing of the proof is left behind.
    assert [call.split()[1] for call in calls[-2:]] == ["rm", "rmi"]


@pytest.mark.parametrize(
    ("good", "words"), [(0, "sees 0 of 1"), (2, "after systemctl daemon-reload")]
)
def test_a_container_that_does_not_see_them(
    stubs: Stubs, tmp_path: Any, good: int, words: str
) -> None:
    folder = tmp_path / "state"
    folder.mkdir()
    done = prove(stubs, folder, good)
    assert done.returncode != 0
    assert words in done.stderr and "gpu_rollback.py" in done.stderr
    assert stubs.calls("docker")[-1].startswith("docker rmi")


def test_a_container_that_sees_another_gpu_than_the_host(stubs: Stubs, tmp_path: Any) -> None:
    folder = tmp_path / "state"
    folder.mkdir()
    done = prove(stubs, folder, good=9, uuid="GPU-2")
    assert (
        done.returncode != 0 and "the host itself sees: GPU 0: a card (UUID: GPU-2)" in done.stderr
    )
