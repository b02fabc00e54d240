"""What the DCGM exporter is told to measure, and what its container may do."""

from __future__ import annotations

import csv
from typing import Any

import pytest
from pydantic import ValidationError

from firstlight.catalogue.counters import GpuClass, counters
from firstlight.engines.network import EngineNetwork
from firstlight.monitor.dcgm import class_of, counters_csv, declared_class, listed
from firstlight.monitor.gpu_exporter import GpuExporterUnit
from firstlight.nvidia.state import PciDevice
from firstlight.settings import HostSettings
from firstlight.settings.gpu_exporter import GpuExporter
from firstlight.settings.monitor import Monitor
from firstlight.settings.nvidia import Nvidia

IMAGE = f"nvcr.io/nvidia/k8s/dcgm-exporter@sha256:{'a' * 64}"
CLASSES: list[GpuClass] = ["geforce", "datacenter"]
ADA, HOPPER, UNKNOWN = 0x2684, 0x2330, 0x4001
DISPLAY, COMPUTE = 0x030000, 0x030200


def card(device: int, pci_class: int = COMPUTE) -> PciDevice:
    return PciDevice("0000:01:00.0", device, pci_class, "nvidia")


def host(nvidia: Nvidia, **monitor: object) -> HostSettings:
    watched = Monitor.model_validate({"gpus": {"image": IMAGE}, **monitor})
    given: dict[str, Any] = {"name": "gpu1", "nvidia": nvidia, "monitor": watched}
    return HostSettings.model_construct(**given)


def unit(gpu_class: GpuClass = "geforce", **settings: object) -> GpuExporterUnit:
    return GpuExporterUnit(GpuExporter.model_validate(settings), IMAGE, gpu_class, 15)


@pytest.mark.parametrize(
    ("devices", "wanted"),
    [
        ([], None),
        ([card(ADA, DISPLAY)], "geforce"),
        ([card(HOPPER)], "datacenter"),
        ([card(ADA, DISPLAY), card(HOPPER)], "datacenter"),
        ([card(UNKNOWN, DISPLAY)], "geforce"),
        ([card(UNKNOWN, COMPUTE)], "datacenter"),
    ],
)
def test_the_class_of_what_is_on_the_bus(devices: list[PciDevice], wanted: str | None) -> None:
    assert class_of(devices) == wanted


@pytest.mark.parametrize(
    ("nvidia", "wanted"),
    [
        (Nvidia(enabled=False), "none"),
        (Nvidia(enabled=True), "geforce"),
        (Nvidia(enabled=True, card="rtx-4090"), "geforce"),
        (Nvidia(enabled=True, card="h100"), "datacenter"),
    ],
)
def test_the_class_that_settings_tell(nvidia: Nvidia, wanted: str) -> None:
    assert declared_class(host(nvidia)) == wanted


def test_a_geforce_is_not_asked_for_what_it_has_not() -> None:
    names = set(listed("geforce", profiling=True))
    absent = ("PROF", "ECC", "NVLINK", "REMAP")
    assert not [name for name in names if any(word in name for word in absent)]
    alerts = {
        "DCGM_EXP_XID_ERRORS_COUNT", "DCGM_EXP_GPU_HEALTH_STATUS", "DCGM_FI_DEV_GPU_TEMP",
        "DCGM_FI_DEV_POWER_VIOLATION", "DCGM_FI_DEV_THERMAL_VIOLATION", "DCGM_FI_DEV_FB_RESERVED",
        "DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION",
    }  # fmt: skip
    assert alerts <= names and alerts <= set(listed("datacenter", profiling=False))


@pytest.mark.parametrize("gpu_class", CLASSES)
def test_the_list_is_one_that_the_exporter_reads(gpu_class: GpuClass) -> None:
    text = counters_csv(gpu_class, profiling=True)
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    rows = [[word.strip() for word in row] for row in csv.reader(lines)]
    assert all(len(row) == 3 and all(row) for row in rows)
    assert len({row[0] for row in rows}) == len(rows) == len(listed(gpu_class, profiling=True))


def test_every_counter_is_of_some_class() -> None:
    assert all(row.classes and "," not in row.help for row in counters().values())


def test_profiling_alone_needs_rights() -> None:
    line = " ".join(unit("datacenter").run())
    assert "--user 0:0" in line and "--cap-add SYS_ADMIN" in line and "--cap-drop ALL" in line
    for other in (unit("datacenter", profiling=False), unit("geforce")):
        assert "SYS_ADMIN" not in " ".join(other.run()) and "60804:60804" in other.run()
        assert "PROF" not in other.counters
    assert "DCGM_FI_PROF_PIPE_TENSOR_ACTIVE" in unit("datacenter").counters


def test_the_container_has_nothing_it_does_not_need() -> None:
    line = " ".join(unit().run())
    for words in (
        "--network fl-9400 --ip 198.18.146.226 --dns 198.18.146.226", "--read-only", "--pull never",
        "--security-opt no-new-privileges", "--device nvidia.com/gpu=all", "--no-hostname",
        "--collect-interval 15000", "--oom-score-adj 500",
    ):  # fmt: skip
        assert words in line
    assert "--publish" not in line and IMAGE in line
    assert EngineNetwork(9400).container == "198.18.146.226"


def test_what_is_left_out_makes_another_container() -> None:
    other = unit(without=("DCGM_EXP_GPU_HEALTH_STATUS",))
    assert "HEALTH" not in other.counters and "HEALTH" in unit().counters
    assert other.counters_file != unit().counters_file and other.spec() != unit().spec()
    assert unit().spec() == unit().spec()


@pytest.mark.parametrize(
    ("monitor", "gpu_class", "there"),
    [
        ({}, "geforce", True),
        ({}, None, False),
        ({"enabled": False}, "geforce", False),
        ({"gpus": {"image": IMAGE, "enabled": False}}, "geforce", False),
        ({"gpus": {}}, "geforce", False),
    ],
)
def test_where_it_runs(monitor: dict[str, object], gpu_class: GpuClass | None, there: bool) -> None:
    found = GpuExporterUnit.of(host(Nvidia(enabled=True), **monitor), gpu_class)
    assert (found is not None) == there


def test_a_counter_that_there_is_not() -> None:
    with pytest.raises(ValidationError) as said:
        GpuExporter.model_validate({"without": ["DCGM_FI_DEV_GPU_WARMTH"]})
    assert "a counter of the catalogue" in str(said.value)
