"""apt reads nothing where two files name one repository with two keys: one has to go."""

from __future__ import annotations

from dataclasses import replace

import pytest

from firstlight.catalogue import systems
from firstlight.nvidia.decide import decide
from firstlight.nvidia.obstacles import obstacles
from firstlight.nvidia.state import AptEntry, NvidiaState
from firstlight.rendering import TEMPLATES
from tests.unit.nvidia.conftest import Wanted
from tests.unit.nvidia.hosts import HOSTS, working

FOLDER = "/etc/apt/sources.list.d"
CUDA = f"{FOLDER}/cuda-debian13-x86_64.list"
CUDA_URL = "https://developer.download.nvidia.com/compute/cuda/repos/debian13/x86_64/"
OLDER_URL = "https://developer.download.nvidia.com/compute/cuda/repos/debian12/x86_64/"
TOOLKIT = f"{FOLDER}/nvidia-container-toolkit.list"
TOOLKIT_URL = "https://nvidia.github.io/libnvidia-container/stable/deb/$(ARCH)"
SYSTEM_URL = "http://archive.example.org/debian"
ROW = systems()["debian 13"]


def having(*entries: tuple[str, str], state: NvidiaState = HOSTS["4090"]) -> NvidiaState:
    made = (AptEntry(file, line, uri) for line, (file, uri) in enumerate(entries, start=1))
    return replace(state, sources=tuple(made))


@pytest.mark.parametrize(
    ("entries", "files"),
    [
        ([(CUDA, CUDA_URL)], (CUDA,)),
        ([(TOOLKIT, TOOLKIT_URL)], (TOOLKIT,)),
        ([(CUDA, CUDA_URL), (CUDA, TOOLKIT_URL), (TOOLKIT, TOOLKIT_URL)], (CUDA, TOOLKIT)),
        ([(CUDA, CUDA_URL), (CUDA, OLDER_URL)], (CUDA,)),
        ([(CUDA, OLDER_URL)], ()),
        ([("/etc/apt/sources.list", SYSTEM_URL)], ()),
    ],
)
def test_what_is_moved_aside(
    entries: list[tuple[str, str]], files: tuple[str, ...], wanted: Wanted
) -> None:
    state = having(*entries)
    assert list(obstacles(wanted(), state, ROW)) == []
    assert decide(wanted(), state, ROW).displaced == files


def test_the_machines_name_is_filled_in(wanted: Wanted) -> None:
    state = having((TOOLKIT, TOOLKIT_URL), state=replace(HOSTS["4090"], machine="aarch64"))
    assert decide(wanted(), state, systems()["ubuntu 24.04"]).displaced == (TOOLKIT,)
    other = having((TOOLKIT, TOOLKIT_URL.replace("$(ARCH)", "arm64")))
    assert decide(wanted(), other, ROW).displaced == ()


def test_a_file_with_others_is_the_operators(wanted: Wanted) -> None:
    state = having(("/etc/apt/sources.list", SYSTEM_URL), ("/etc/apt/sources.list", CUDA_URL))
    (error,) = obstacles(wanted(), state, ROW)
    for word in (
        "/etc/apt/sources.list:2",
        CUDA_URL,
        "Signed-By",
        "line 1",
        SYSTEM_URL,
        "line 2 out",
    ):
        assert word in str(error)
    assert decide(wanted(), state, ROW).displaced == ()


def test_the_list_of_a_driver_that_is_kept_stays(wanted: Wanted) -> None:
    there = working("595.91.07")
    lists = having((CUDA, CUDA_URL), (TOOLKIT, TOOLKIT_URL), state=there)
    assert decide(wanted(), lists, ROW).displaced == (TOOLKIT,)
    # One file for both: without it the kept driver would get no more updates.
    (error,) = obstacles(wanted(), having((CUDA, CUDA_URL), (CUDA, TOOLKIT_URL), state=there), ROW)
    assert f"{CUDA}:2" in error.where and CUDA_URL in error.why


def test_a_mirror_is_compared_too(wanted: Wanted) -> None:
    mirror = {
        "url": "http://mirror.example.net/debian13/x86_64",
        "key": str(TEMPLATES / "etc/apt/keyrings/nvidia-cuda-debian13.asc"),
        "fingerprint": "02182E60104FCDC26EAE1B8597A5D4CB8793F200",
    }
    file = f"{FOLDER}/site.list"
    state = having((file, "http://mirror.example.net/debian13/x86_64/"), (CUDA, CUDA_URL))
    assert decide(wanted(repository=mirror), state, ROW).displaced == (file,)
