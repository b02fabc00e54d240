"""What cannot work is refused before any change, each with evidence and the way out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from firstlight.catalogue import systems
from firstlight.nvidia.choice import Choice
from firstlight.nvidia.need import Need
from firstlight.nvidia.obstacles import obstacles
from firstlight.nvidia.obstacles_modules import branch_obstacles
from firstlight.nvidia.state import NvidiaState
from tests.site import Load
from tests.unit.nvidia.conftest import Wanted
from tests.unit.nvidia.hosts import HGX, HOSTS, cards, host, working

LOST = replace(HGX, gpus_on_bus=HGX.gpus_on_bus[:7], evidence=("NVRM: Xid 79: fallen off the bus",))
RUN_FILE = working("570.86.10", packages={})
SECURE = HOSTS["secure"]

# system, state, settings, words of the one error
TABLE: list[tuple[str, NvidiaState, dict[str, Any], tuple[str, ...]]] = [
    ("debian 12", HOSTS["none"], {}, ("no NVIDIA GPU", "10de", '"enabled": False')),
    ("debian 12", LOST, {"count": 8}, ("7 of 8 GPUs", "nvidia.count", "Xid 79", "power")),
    ("debian 12", HOSTS["k80"], {}, ("Tesla K80", "470")),
    ("debian 12", HOSTS["5090"], {"modules": "proprietary"}, ("RTX 5090", "open", "nvidia.modules")),
    ("debian 12", HOSTS["v100"], {"modules": "open"}, ("V100", "proprietary", "nvidia.modules")),
    ("debian 12", HOSTS["v100"], {"branch": 595}, ("595", "V100", "580 is the last")),
    ("debian 12", HOSTS["4090"], {"branch": 535}, ("535", "debian 12", "nvidia.branch")),
    ("debian 12", host(cards(0x2684) + cards(0x1DB6)), {"modules": "open"}, ("V100", "proprietary")),
    ("debian 12", host(cards(0x2B85) + cards(0x1DB6)), {}, ("all cards", "5090", "V100", "hosts")),
    ("debian 12", HOSTS["4090"], {"branch": 620, "modules": "proprietary"}, ("620", "no proprietary", "615")),
    ("debian 13", HOSTS["4090"], {"branch": 580}, ("debian 13", "no branch 580", "590", "nvidia.repository")),
    ("debian 13", HOSTS["v100"], {}, ("debian 13", "no branch 580", "Debian 12")),
    ("debian 13", replace(HOSTS["4090"], machine="aarch64"), {}, ("no driver packages", "aarch64")),
    ("debian 12", HOSTS["4090"], {"source": "distro"}, ("no driver packages of its own", "Debian's are")),
    ("rocky 9", HOSTS["4090"], {}, ("key", "D42D0685.pub", "curl -fsSLo", "610C7B14", "repos/rhel9/x86_64")),
    ("ubuntu 26.04", HOSTS["4090"], {}, ("key", "60DF8A40.pub", "14BAFBC7", 'nvidia.source to "distro"')),
    ("debian 12", host(cards(0x2941, 4)), {"source": "cuda-repo"}, ("GB200", "preinstalled")),
    ("debian 12", SECURE, {}, ("Secure Boot", "mokutil --import /var/lib/dkms/mok.pub", "Enroll MOK")),
    ("ubuntu 24.04", SECURE, {"source": "cuda-repo"}, ("Secure Boot", "/var/lib/shim-signed/mok/MOK.der", '"auto"')),
    ("debian 12", HOSTS["4090"], {"version": "580.95.05"}, ("580.95.05", "580.159.03", "nvidia.version")),
    ("debian 12", HOSTS["4090"], {"toolkit": "1.17.4"}, ("1.17.4", "CVE-2026-24260", "1.19.1", "1.20.0")),
    ("debian 12", HOSTS["4090"], {"mig": {"all-1g.10gb": 7}}, ("MIG", "RTX 4090", "nvidia.mig")),
    ("debian 12", HOSTS["4090"], {"source": "preinstalled"}, ("no driver is loaded", "cuda-repo")),
    ("debian 12", HOSTS["mismatch"], {"source": "preinstalled"}, ("version mismatch", "nvidia.source")),
    ("debian 12", RUN_FILE, {"source": "cuda-repo"}, ("570.86.10", ".run file", "nvidia-uninstall")),
]  # fmt: skip


@pytest.mark.parametrize(("system", "state", "nvidia", "words"), TABLE)
def test_each_obstacle(
    system: str,
    state: NvidiaState,
    nvidia: dict[str, Any],
    words: tuple[str, ...],
    wanted: Wanted,
) -> None:
    found = [str(error) for error in obstacles(wanted(**nvidia), state, systems()[system])]
    assert len(found) == 1, found
    for word in (*words, "gpu1", "  why: ", "  fix: "):
        assert word in found[0], found[0]


def test_where_nothing_is_wanted_nothing_stands_in_the_way(wanted: Wanted) -> None:
    assert list(obstacles(wanted(enabled=False), HOSTS["k80"], systems()["debian 12"])) == []


def test_a_key_that_the_firmware_trusts_is_a_way(wanted: Wanted) -> None:
    enrolled = replace(SECURE, enrolled=True)
    assert list(obstacles(wanted(), enrolled, systems()["debian 12"])) == []


def test_a_working_driver_needs_no_secure_boot_steps(wanted: Wanted) -> None:
    there = working("580.178.04", secure_boot=True)
    assert list(obstacles(wanted(), there, systems()["debian 12"])) == []


def test_a_card_that_a_branch_is_too_old_for(wanted: Wanted) -> None:
    need = Need(open_only=("a card of tomorrow",), oldest=595)
    choice = Choice("cuda-repo", 580, "open", ())
    (error,) = branch_obstacles(wanted(), need, choice)
    assert "branch 580 does not run a card of tomorrow" in str(error) and "595" in error.fix


def test_mig_is_refused_for_the_cards_that_it_names(wanted: Wanted) -> None:
    mixed = host(cards(0x2331) + cards(0x2684))
    for key, count in (("0-1g.10gb", 0), ("1-1g.10gb", 1), ("all-1g.10gb", 1)):
        found = list(obstacles(wanted(mig={key: 2}), mixed, systems()["debian 12"]))
        assert len(found) == count, key


def test_an_image_that_needs_newer_cuda(load: Load) -> None:
    settings = load({"gpus": "all"}, {"name": "two", "gpus": 0})
    row, cuda = systems()["debian 12"], {"tiny": "13.2", "two": "99"}
    (error,) = obstacles(settings, HOSTS["4090"], row, cuda)
    for word in ("tiny", "CUDA 13.2", "models[0].image", "nvidia.branch to 595"):
        assert word in str(error)
    assert list(obstacles(settings, HOSTS["4090"], row, {"tiny": "13.0", "two": "99"})) == []
    (old,) = obstacles(settings, working("580.178.04"), row, {"tiny": "13.1"})
    assert "branch 580 is of CUDA 13.0" in str(old)


@pytest.mark.parametrize(
    ("models", "needed"),
    [
        ([{"gpus": [0, 3]}], 4),
        ([{"gpus": 2}], 2),
        ([{"gpus": 1, "replicas": 3}], 3),
        ([{"gpus": [1]}, {"name": "two", "gpus": 2}], 3),
        # A copy without a card would run on the CPU, or not at all.
        ([{"gpus": "all", "replicas": 2}], 2),
    ],
)
def test_a_model_counts_on_more_gpus_than_there_are(
    load: Load, models: list[dict[str, Any]], needed: int
) -> None:
    (error,) = obstacles(load(*models), HOSTS["4090"], systems()["debian 12"])
    assert f"1 of {needed} GPUs" in str(error) and "models[].gpus" in str(error)


def test_all_are_told_at_once(wanted: Wanted) -> None:
    settings = wanted(count=4, toolkit="1.17.4", version="580.95.05", mig={"all-1g.10gb": 1})
    assert len(list(obstacles(settings, SECURE, systems()["debian 12"]))) == 5
