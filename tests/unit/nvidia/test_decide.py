"""One decision per system and kind of host: whose driver, which branch, modules and packages."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest

from firstlight.catalogue import systems
from firstlight.nvidia.decide import decide
from firstlight.nvidia.obstacles import obstacles
from firstlight.rendering import TEMPLATES
from tests.unit.nvidia.conftest import Wanted
from tests.unit.nvidia.hosts import HGX, HOSTS, KERNEL, NEXT

DEBIAN = "nvidia-driver-cuda"
UBUNTU = [
    "libnvidia-compute-580",
    "nvidia-utils-580",
    "nvidia-compute-utils-580",
    "nvidia-persistenced",
    "nvidia-modprobe",
]
SERVER = "nvidia-headless-no-dkms-580-server-open"
APT = ("debian 12", "debian 13", "ubuntu 22.04", "ubuntu 24.04")
# NVIDIA's repository for it begins after the branch with long-term support.
BRANCH = {"debian 13": 595}
UNIT, FABRIC = "nvidia-persistenced.service", "nvidia-fabricmanager.service"

# (system, host): source, branch, modules, packages beside headers and toolkit, units
TABLE = {
    ("debian 12", "4090"): ("cuda-repo", 580, "open", [DEBIAN, "nvidia-persistenced", "nvidia-kernel-open-dkms"], 1),
    ("debian 12", "5090"): ("cuda-repo", 580, "open", [DEBIAN, "nvidia-persistenced", "nvidia-kernel-open-dkms"], 1),
    ("debian 12", "v100"): ("cuda-repo", 580, "proprietary", [DEBIAN, "nvidia-persistenced", "nvidia-kernel-dkms"], 1),
    ("debian 13", "4090"): ("cuda-repo", 595, "open", [DEBIAN, "nvidia-persistenced", "nvidia-kernel-open-dkms"], 1),
    ("debian 13", "nouveau"): ("cuda-repo", 595, "open", [DEBIAN, "nvidia-persistenced", "nvidia-kernel-open-dkms"], 1),
    ("debian 12", "hgx"): (
        "cuda-repo", 580, "open", [DEBIAN, "nvidia-persistenced", "nvidia-kernel-open-dkms", "nvidia-fabricmanager"], 2,
    ),
    ("debian 12", "h100-pcie"): ("cuda-repo", 580, "open", [DEBIAN, "nvidia-persistenced", "nvidia-kernel-open-dkms"], 1),
    ("debian 12", "b200"): (
        "cuda-repo", 580, "open",
        [DEBIAN, "nvidia-persistenced", "nvidia-kernel-open-dkms", "nvidia-fabricmanager", "nvlsm", "infiniband-diags", "libibumad3"], 2,
    ),
    ("ubuntu 24.04", "4090"): (
        "cuda-repo", 580, "open",
        [*UBUNTU, "nvidia-dkms-580-open"], 1,
    ),
    ("ubuntu 24.04", "v100"): (
        "cuda-repo", 580, "proprietary",
        [*UBUNTU, "nvidia-dkms-580"], 1,
    ),
    ("ubuntu 24.04", "unknown"): (
        "cuda-repo", 595, "open",
        ["libnvidia-compute", "nvidia-dkms-open", "nvidia-persistenced", "nvidia-modprobe"], 1,
    ),
    ("ubuntu 24.04", "secure"): (
        "distro", 580, "open",
        [SERVER, "nvidia-utils-580-server",
         f"linux-modules-nvidia-580-server-open-{KERNEL}", f"linux-modules-nvidia-580-server-open-{NEXT}"], 1,
    ),
    ("debian 13", "there"): ("preinstalled", 580, "open", [], 0),
    ("ubuntu 22.04", "there"): ("preinstalled", 580, "open", [], 0),
    ("debian 12", "mismatch"): ("cuda-repo", 580, "open", [DEBIAN, "nvidia-persistenced", "nvidia-kernel-open-dkms"], 1),
}  # fmt: skip


@pytest.mark.parametrize(("system", "kind"), list(TABLE))
def test_what_is_decided(system: str, kind: str, wanted: Wanted) -> None:
    source, branch, modules, names, units = TABLE[system, kind]
    state, row = HOSTS[kind], systems()[system]
    assert [str(each) for each in obstacles(wanted(), state, row)] == []
    decision = decide(wanted(), state, row)
    assert (decision.source, decision.branch, decision.modules) == (source, branch, modules)
    assert [want.name for want in decision.driver] == names
    assert decision.units == (UNIT, FABRIC)[:units]
    assert decision.count == len(state.gpus_on_bus)
    ours = ("nvidia-cuda",) if source == "cuda-repo" else ()
    assert [each.name for each in decision.repositories] == [*ours, "nvidia-container-toolkit"]
    assert [want.series for want in decision.toolkit] == ["1.20.0"] * 4
    headers = [f"linux-headers-{KERNEL}", f"linux-headers-{NEXT}"] if source == "cuda-repo" else []
    assert [want.name for want in decision.headers] == headers
    pinned = [f"nvidia-driver-pinning-{branch}"] if source == "cuda-repo" else []
    assert [want.name for want in decision.pinning] == pinned
    assert len(decision.reasons) >= 4


@pytest.mark.parametrize(("system", "kind"), list(product(systems(), HOSTS)))
def test_what_obstacles_let_pass_is_decided(system: str, kind: str, wanted: Wanted) -> None:
    """No state that was let pass raises, and what was refused says how to go on."""
    row = systems()[system]
    refused = list(obstacles(wanted(), HOSTS[kind], row))
    for error in refused:
        assert error.where.startswith("gpu1") and error.why and error.fix
    if not refused:
        decision = decide(wanted(), HOSTS[kind], row)
        assert decision.branch >= 580 and decision.driver_is_ours is bool(decision.driver)
        if kind == "4090":
            assert decision.branch == BRANCH.get(system, 580)
    if kind in ("k80", "none"):
        assert refused


def test_every_apt_system_takes_a_4090_and_an_hgx(wanted: Wanted) -> None:
    for system, kind in product(APT, ("4090", "hgx", "b200")):
        assert list(obstacles(wanted(), HOSTS[kind], systems()[system])) == [], (system, kind)


def test_a_mirror_has_what_its_owner_says(wanted: Wanted) -> None:
    key = TEMPLATES / "etc/apt/keyrings/nvidia-cuda-debian13.asc"
    mirror = {
        "url": "http://mirror.example.net/debian13/x86_64/",
        "key": str(key),
        "fingerprint": "0218 2E60 104F CDC2 6EAE 1B85 97A5 D4CB 8793 F200",
    }
    decision = decide(wanted(repository=mirror), HOSTS["4090"], systems()["debian 13"])
    assert decision.branch == 580
    assert decision.repositories[0].url == "http://mirror.example.net/debian13/x86_64"
    assert decision.repositories[0].key == key.read_text()


def test_nvidias_own_url_with_a_key_from_the_operator_is_no_mirror(wanted: Wanted) -> None:
    key = TEMPLATES / "etc/apt/keyrings/nvidia-cuda.asc"  # stands for one that is not vendored
    own = {
        "url": "https://developer.download.nvidia.com/compute/cuda/repos/ubuntu2604/x86_64",
        "key": str(key),
        "fingerprint": "EB693B3035CD5710E231E123A4B469963BF863CC",
    }
    settings, row = wanted(repository=own), systems()["ubuntu 26.04"]
    assert list(obstacles(settings, HOSTS["4090"], row)) == []
    decision = decide(settings, HOSTS["4090"], row)
    assert decision.branch == 595
    names = [want.name for want in decision.driver]
    assert names == [
        "libnvidia-compute",
        "nvidia-dkms-open",
        "nvidia-persistenced",
        "nvidia-modprobe",
    ]


def test_repositories_by_system_and_machine(wanted: Wanted) -> None:
    arm = replace(HOSTS["4090"], machine="aarch64")
    urls = [each.url for each in decide(wanted(), arm, systems()["ubuntu 24.04"]).repositories]
    assert urls[0].endswith("/repos/ubuntu2404/sbsa") and urls[1].endswith("/stable/deb/arm64")
    for system, key in (("debian 12", "963BF863CC"), ("debian 13", "CB8793F200")):
        repository = decide(wanted(), HOSTS["4090"], systems()[system]).repositories[0]
        assert repository.fingerprint.endswith(key)


def test_a_version_is_kept_to_the_digit(wanted: Wanted) -> None:
    decision = decide(wanted(version="580.178.04"), HGX, systems()["debian 12"])
    assert {want.series for want in decision.driver} == {"580.178.04"}
    assert (decision.version, decision.branch) == ("580.178.04", 580)


def test_what_is_ours_is_not_taken_for_somebody_elses(wanted: Wanted) -> None:
    ours = replace(HOSTS["there"], recorded=True)
    assert decide(wanted(), ours, systems()["debian 12"]).source == "cuda-repo"


def test_an_unknown_card_is_a_warning(wanted: Wanted) -> None:
    (warning,) = decide(wanted(), HOSTS["unknown"], systems()["debian 13"]).warnings
    assert "10de:3abc" in warning and "nvidia.branch" in warning


def test_an_ended_branch_is_a_warning(wanted: Wanted) -> None:
    (warning,) = decide(wanted(branch=590), HOSTS["4090"], systems()["debian 12"]).warnings
    assert "no security fixes" in warning
