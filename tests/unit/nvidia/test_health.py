"""What is wrong with a GPU layer, and what only a reboot mends."""

from __future__ import annotations

from dataclasses import replace

import pytest

from firstlight.nvidia import health
from firstlight.nvidia.decision import Want
from firstlight.nvidia.state import Fabric
from tests.gpu import DECISION, DRIVER, GPU, KERNEL, NEXT, WORKING, state

PREINSTALLED = replace(DECISION, source="preinstalled")
HGX = replace(DECISION, fabric=True)


@pytest.mark.parametrize(
    ("version", "series", "does"),
    [
        ("580.178.04-1", "580.", True),
        ("3:580.178.04-1.el9", "580.", True),
        ("5801.1-1", "580.", False),
        ("595.91.07-1", "580.", False),
        ("1.20.0-1", "1.20.0", True),
        ("1.20.01-1", "1.20.0", False),
        ("580.178.04-1", "580.178.04-1", True),
        ("anything", "", True),
    ],
)
def test_a_version_of_a_series(version: str, series: str, does: bool) -> None:
    assert health.satisfies(version, Want("name", series)) is does


def test_a_host_that_works() -> None:
    assert health.unbuilt(WORKING, DECISION) == []
    assert health.reboot_reasons(WORKING, DECISION) == []
    assert health.trouble(WORKING, DECISION) == ""
    assert health.cdi_trouble(WORKING) == ""
    assert health.fabric_trouble(WORKING, DECISION) == ""


@pytest.mark.parametrize(
    ("modules", "missing"),
    [
        ({}, [KERNEL, NEXT]),
        ({KERNEL: DRIVER}, [NEXT]),
        ({KERNEL: DRIVER, NEXT: "575.1"}, [NEXT]),
        ({NEXT: DRIVER}, [KERNEL]),
    ],
)
def test_a_kernel_without_a_module(modules: dict[str, str], missing: list[str]) -> None:
    assert health.unbuilt(state(modules=modules), DECISION) == missing
    assert health.unbuilt(state(modules=modules), PREINSTALLED) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"nouveau": True}, "nouveau"),
        ({"loaded": ""}, "not loaded"),
        ({"loaded": "570.211.01"}, "570.211.01"),
        ({"loaded_modules": "proprietary"}, "not the open one"),
    ],
)
def test_what_needs_a_reboot(change: dict[str, object], words: str) -> None:
    (reason,) = health.reboot_reasons(state(**change), DECISION)
    assert words in reason
    assert health.reboot_reasons(state(**change), PREINSTALLED) == []


def test_a_driver_that_does_not_answer_shows_its_evidence() -> None:
    broken = state(gpus=(), smi_error="NVML: Unknown Error", evidence=("NVRM: Xid 79",))
    assert "NVML: Unknown Error" in health.trouble(broken, DECISION)
    assert "Xid 79" in health.trouble(broken, DECISION)


def test_fewer_gpus_than_declared() -> None:
    said = health.trouble(WORKING, replace(DECISION, count=2))
    assert "1 of 2" in said and "0000:01:00.0" in said


@pytest.mark.parametrize(
    ("fabric", "words"),
    [
        (Fabric(), "missing"),
        (Fabric("580.159.03-1", True), "580.159.03"),
        (Fabric(f"{DRIVER}-1", False), "does not run"),
        (Fabric(f"{DRIVER}-1", True, "In Progress", "N/A"), "In Progress"),
    ],
)
def test_a_fabric_that_is_not_up(fabric: Fabric, words: str) -> None:
    assert words in health.fabric_trouble(state(fabric=fabric), HGX)


@pytest.mark.parametrize("said", [("Completed", "Success"), ("", "")])
def test_a_fabric_that_is_up(said: tuple[str, str]) -> None:
    assert not health.fabric_trouble(state(fabric=Fabric(f"{DRIVER}-1", True, *said)), HGX)


def test_containers_need_one_specification_with_every_gpu() -> None:
    two = ("/etc/cdi/nvidia.yaml", "/var/run/cdi/nvidia.yaml")
    assert "/etc/cdi/nvidia.yaml" in health.cdi_trouble(state(cdi_specs=two))
    assert "gpu=all" in health.cdi_trouble(state(cdi_devices=frozenset()))
    second = state(gpus=(GPU, replace(GPU, index=1)))
    assert health.cdi_trouble(second) == "the CDI specification lacks nvidia.com/gpu=1"


def test_a_divided_gpu_is_given_by_its_parts() -> None:
    divided = state(gpus=(replace(GPU, mig="enabled", mig_devices=("1g.10gb", "1g.10gb")),))
    assert "nvidia.com/gpu=0:1" in health.cdi_trouble(divided)
    parts = frozenset({"nvidia.com/gpu=all", "nvidia.com/gpu=0:0", "nvidia.com/gpu=0:1"})
    assert not health.cdi_trouble(replace(divided, cdi_devices=parts))
