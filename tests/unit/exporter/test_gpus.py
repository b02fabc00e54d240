"""GPUs in the slots, those that can be used, and the versions of the driver that meet."""

from __future__ import annotations

import os
from typing import Any

from firstlight.exporter import gpus
from firstlight.exporter.page import Page
from tests.unit.exporter.machine import SPEC, Machine, samples

LISTED = 'printf "GPU-1\\nGPU-2\\n"'


def told(machine: Machine, state: dict[str, Any] | None = None, **gpu: Any) -> dict[str, float]:
    page = Page()
    spec = {**SPEC, "gpus": {"managed": True, "expected": 0, **gpu}}
    gpus.told(page, spec, {} if state is None else state, machine.root, machine.state)
    return samples(page)


def driver(machine: Machine, loaded: str, disk: str, library: str) -> None:
    if loaded:
        machine.put("/sys/module/nvidia/version", f"{loaded}\n")
    machine.put(f"/lib/modules/{os.uname().release}/modules.dep")
    machine.stubs.add("modinfo", f"echo {disk}" if disk else "exit 1")
    if library:
        folder = "/usr/lib/x86_64-linux-gnu"
        machine.put(f"{folder}/libnvidia-ml.so.{library}")
        link = machine.root / f"{folder[1:]}/libnvidia-ml.so.1"
        link.symlink_to(f"libnvidia-ml.so.{library}")


def test_what_is_expected_seen_and_usable(machine: Machine) -> None:
    machine.gpu("0000:01:00.0")
    machine.gpu("0000:41:00.0", kind="0x030200")
    machine.gpu("0000:01:00.1", kind="0x040300")  # the sound of a card
    machine.gpu("0000:02:00.0", vendor="0x1a03")  # the screen of the board
    machine.stubs.add("nvidia-smi", LISTED)
    found = told(machine, expected=4)
    assert (found["gpu_expected"], found["gpu_seen"], found["gpu_usable"]) == (4, 2, 2)


def test_one_that_is_lost_is_not_usable(machine: Machine) -> None:
    machine.gpu("0000:01:00.0")
    lost = "echo GPU-1; echo 'Unable to determine the device handle for GPU1'; exit 255"
    machine.stubs.add("nvidia-smi", lost)
    assert told(machine)["gpu_usable"] == 1
    machine.stubs.add("nvidia-smi", "exit 9")
    assert told(machine)["gpu_usable"] == 0


def test_as_many_are_expected_as_were_ever_seen(machine: Machine) -> None:
    state: dict[str, Any] = {"gpus_most": 8}
    machine.gpu("0000:01:00.0")
    found = told(machine, state)
    assert (found["gpu_expected"], found["gpu_seen"], state["gpus_most"]) == (8, 1, 8)


def test_a_host_without_a_driver_of_ours_tells_nothing(machine: Machine) -> None:
    machine.gpu("0000:01:00.0")
    assert told(machine, managed=False) == {}
    assert "driver_mismatch" not in told(machine), "there is no driver at all"


def test_versions_that_fit(machine: Machine) -> None:
    driver(machine, "580.178.04", "580.178.04", "580.178.04")
    found = told(machine)
    assert found["driver_mismatch"] == 0
    labels = 'loaded="580.178.04",on_disk="580.178.04",userspace="580.178.04"'
    assert found[f"driver_info{{{labels}}}"] == 1


def test_versions_that_do_not(machine: Machine) -> None:
    driver(machine, "580.178.04", "580.178.04", "580.95.05")
    assert told(machine)["driver_mismatch"] == 1


def test_one_on_disk_for_the_next_load(machine: Machine) -> None:
    driver(machine, "580.178.04", "595.91.07", "580.178.04")
    assert told(machine)["driver_mismatch"] == 1


def test_one_that_is_not_loaded_meets_nothing(machine: Machine) -> None:
    driver(machine, "", "580.178.04", "580.178.04")
    assert told(machine)["driver_mismatch"] == 0


def test_the_module_is_unpacked_once_for_each_depmod(machine: Machine) -> None:
    driver(machine, "580.178.04", "580.178.04", "")
    state: dict[str, Any] = {}
    for _ in range(3):
        told(machine, state)
    assert len(machine.stubs.calls("modinfo")) == 1
    os.utime(machine.root / f"lib/modules/{os.uname().release}/modules.dep", (1, 1))
    machine.stubs.add("modinfo", "echo 595.91.07")
    assert told(machine, state)["driver_mismatch"] == 1
