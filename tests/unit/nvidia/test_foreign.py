"""A driver that firstlight did not install is left alone, or its owner is asked: never replaced."""

from __future__ import annotations

from typing import Any

import pytest

from firstlight.catalogue import systems
from firstlight.nvidia.decide import decide
from firstlight.nvidia.foreign import is_foreign
from firstlight.nvidia.obstacles import obstacles
from firstlight.nvidia.state import NvidiaState
from tests.unit.nvidia.conftest import Wanted
from tests.unit.nvidia.hosts import HOSTS, cards, host, working

ROW = systems()["debian 12"]
BROKEN = working("580.178.04", gpus=(), smi_error="Failed to initialize NVML: Unknown Error")
UNLOADED = working("580.178.04", loaded="", gpus=(), smi_error="couldn't communicate")
LIBRARY = host(cards(0x2684), user_space="570.86.10", secure_boot=False)

# state, settings, words of its warnings
KEPT: list[tuple[NvidiaState, dict[str, Any], tuple[str, ...]]] = [
    (working("580.178.04"), {}, ()),
    (working("595.91.07"), {}, ()),
    (working("580.178.04"), {"version": "580.178.04"}, ()),
    (working("580.178.04"), {"branch": 580}, ()),
    (working("580.95.05"), {}, ("580.95.05 is below 580.159.03",)),
    (working("570.211.01"), {}, ("branch 570 gets no security fixes", "tool that installed it")),
    (working("550.54.15"), {}, ("branch 550 is not in firstlight's catalogue", "newer ones")),
    (working("625.10.01"), {}, ("branch 625 is not in firstlight's catalogue", "not known")),
    (working("570.86.10", packages={}), {}, ("branch 570 gets no security fixes",)),
    (working("580.95.05"), {"source": "preinstalled"}, ("below 580.159.03",)),
    (working("595.91.07"), {"source": "preinstalled", "branch": 580}, ()),
    (
        working("580.178.04", smi_warnings=("WARNING: infoROM is corrupted at gpu 0000:01:00.0",)),
        {},
        ("nvidia-smi says: WARNING: infoROM is corrupted",),
    ),
]


@pytest.mark.parametrize(("state", "nvidia", "words"), KEPT)
def test_a_driver_that_works_is_kept(
    state: NvidiaState, nvidia: dict[str, Any], words: tuple[str, ...], wanted: Wanted
) -> None:
    assert [str(error) for error in obstacles(wanted(**nvidia), state, ROW)] == []
    decision = decide(wanted(**nvidia), state, ROW)
    assert (decision.source, decision.driver, decision.version) == (
        "preinstalled",
        (),
        state.loaded,
    )
    assert len(decision.warnings) == (1 if words else 0), decision.warnings
    for word in words:
        assert word in decision.warnings[0]


# state, settings, words of the one obstacle
REFUSED: list[tuple[NvidiaState, dict[str, Any], tuple[str, ...]]] = [
    (BROKEN, {}, ("does not work", "NVML: Unknown Error", "tool that installed it")),
    (UNLOADED, {}, ("no driver is loaded", "libnvidia-ml.so.580.178.04", "nvidia-driver-cuda")),
    (LIBRARY, {}, ("no driver is loaded", "libnvidia-ml.so.570.86.10", "nvidia-uninstall")),
    (working("580.178.04", gpus=()), {}, ("lists no GPU",)),
    (working("580.178.04"), {"branch": 595}, ("not the one asked for", "nvidia.branch", "branch 595")),
    (working("580.178.04"), {"version": "580.159.03"}, ("nvidia.version", "580.159.03")),
    (
        working("580.178.04"),
        {"version": "580.159.03", "source": "preinstalled"},
        ("nvidia.version", "580.159.03"),
    ),
    (working("580.178.04", gpus=(), smi_error="nvidia-smi did not answer"), {}, ("why: nvidia-smi did",)),
]  # fmt: skip


@pytest.mark.parametrize(("state", "nvidia", "words"), REFUSED)
def test_one_that_does_not_is_its_owners_to_mend(
    state: NvidiaState, nvidia: dict[str, Any], words: tuple[str, ...], wanted: Wanted
) -> None:
    (error,) = obstacles(wanted(**nvidia), state, ROW)
    for word in (*words, 'nvidia.source to "cuda-repo"', "gpu1: nvidia."):
        assert word in str(error), str(error)
    # Whoever says so gets it replaced.
    said = {**nvidia, "source": "cuda-repo"}
    assert decide(wanted(**said), state, ROW).source == "cuda-repo"
    if state.packages:
        assert list(obstacles(wanted(**said), state, ROW)) == []


def test_what_firstlight_began_is_not_somebody_elses(wanted: Wanted) -> None:
    ours = working("580.178.04", gpus=(), smi_error="Unknown Error", recorded=True)
    assert not is_foreign(ours) and list(obstacles(wanted(), ours, ROW)) == []
    assert decide(wanted(branch=595), ours, ROW).source == "cuda-repo"


@pytest.mark.parametrize(
    ("package", "driver"),
    [
        ("nvidia-driver-cuda", True),
        ("nvidia-kernel-open-dkms", True),
        ("nvidia-utils-580-server", True),
        ("libnvidia-compute-580", True),
        ("linux-modules-nvidia-580-generic", True),
        ("akmod-nvidia", True),
        ("nvidia-driver-pinning-580", False),
        ("nvidia-kernel-common", False),
        ("nvidia-container-toolkit", False),
        ("libnvidia-egl-wayland1", False),
        ("nvidia-prime", False),
        ("nvidia-persistenced", False),
    ],
)
def test_which_packages_are_a_driver(package: str, driver: bool) -> None:
    assert is_foreign(host(cards(0x2684), packages={package: "1"})) is driver
    assert not is_foreign(HOSTS["4090"])


def test_the_kind_of_its_modules_is_the_one_there(wanted: Wanted) -> None:
    for kind in ("open", "proprietary"):
        assert decide(wanted(), working("580.178.04", loaded_modules=kind), ROW).modules == kind


def test_secure_boot_is_named_where_nothing_is_loaded(wanted: Wanted) -> None:
    state = working("580.178.04", loaded="", gpus=(), secure_boot=True, nouveau=True)
    (error,) = obstacles(wanted(), state, ROW)
    assert "Secure Boot is on" in str(error) and "nouveau is" in str(error)
