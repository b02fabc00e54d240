"""Which packages a decision names, and which have to leave for it."""

from __future__ import annotations

from dataclasses import replace

from firstlight.catalogue import systems
from firstlight.nvidia.choice import choose
from firstlight.nvidia.decide import decide
from firstlight.nvidia.packages import packages
from tests.unit.nvidia.conftest import Wanted
from tests.unit.nvidia.hosts import HGX, HOSTS, cards, host


def test_the_fabric_manager_follows_the_driver_that_is_there(wanted: Wanted) -> None:
    there = {"nvidia-driver-cuda": "580.159.03-1", "nvidia-kernel-open-dkms": "580.159.03-1"}
    state = replace(HGX, packages=there, recorded=True)
    series = {w.name: w.series for w in decide(wanted(), state, systems()["debian 12"]).driver}
    assert series["nvidia-fabricmanager"] == "580.159.03"
    assert series["nvidia-driver-cuda"] == "580."


def test_what_has_to_leave(wanted: Wanted) -> None:
    old = {
        "nvidia-driver-pinning-595": "595-1",
        "nvidia-kernel-dkms": "595.71.05-1",
        "nvidia-driver-cuda": "595.71.05-1",
        "nvidia-fabricmanager": "595.71.05-1",
        "nvidia-persistenced": "595.71.05-1",
        "nvidia-container-toolkit": "1.17.4-1",
        "libnvidia-ml1": "595.71.05-1",
    }
    state = replace(HOSTS["4090"], packages=old, recorded=True)
    decision = decide(wanted(), state, systems()["debian 12"])
    gone = ("nvidia-driver-pinning-595", "nvidia-fabricmanager", "nvidia-kernel-dkms")
    assert set(decision.absent) == set(gone)
    ubuntu = {
        "libnvidia-compute-535-server": "1",
        "nvidia-dkms-580": "1",
        "linux-modules-nvidia-580-open-6.8.0-1-generic": "1",
        "nvidia-firmware-580-580.178.04": "1",
        "nvidia-utils-580": "1",
    }
    state = replace(HOSTS["4090"], packages=ubuntu, recorded=True)
    assert set(decide(wanted(), state, systems()["ubuntu 24.04"]).absent) == {
        "libnvidia-compute-535-server",
        "nvidia-dkms-580",
        "linux-modules-nvidia-580-open-6.8.0-1-generic",
    }


def test_headers_that_rpm_has_already_are_not_asked_for(wanted: Wanted) -> None:
    kernel = "5.14.0-687.51.1.el9_8.x86_64"
    state = host(cards(0x2684), kernel=kernel, next_kernel=kernel)
    row = systems()["rocky 9"]
    made = packages(None, state, row, choose(wanted(), state, row))
    assert [(w.name, w.series) for w in made.headers] == [("kernel-devel", "5.14.0-687.51.1.el9_8")]
    assert made.stream == "nvidia-driver:580-open"
    assert [w.name for w in made.driver] == ["nvidia-driver-cuda", "kmod-nvidia-open-dkms"]
    there = replace(state, headers=frozenset({kernel}))
    assert packages(None, there, row, choose(wanted(), there, row)).headers == ()
    assert packages(None, state, systems()["rocky 10"], choose(wanted(), state, row)).stream == ""
