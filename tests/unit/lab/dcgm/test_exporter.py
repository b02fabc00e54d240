"""The SIMULATED DCGM exporter: its list of counters, and what it shows of cards of each class."""

from __future__ import annotations

import time

import pytest

from firstlight.catalogue.counters import GpuClass, counters
from firstlight.monitor.dcgm import counters_csv
from tests.unit.lab.dcgm.silicon import Silicon, page

HEALTH = "DCGM_EXP_GPU_HEALTH_STATUS"
XIDS = "DCGM_EXP_XID_ERRORS_COUNT"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("DCGM_FI_DEV_GPU_TEMP, gauge\n", "expected 3 fields"),
        ("DCGM_FI_DEV_GPU_WARMTH, gauge, x\n", "unknown ExporterCounter field"),
        ("DCGM_FI_DEV_GPU_TEMP, guage, x\n", "could not find Prometheus metric type 'guage'"),
    ],
)
def test_a_list_that_the_real_one_refuses(geforce: Silicon, text: str, why: str) -> None:
    assert why in geforce.refused(text)


def test_a_flag_that_the_real_one_does_not_know(geforce: Silicon) -> None:
    said = geforce.refused("DCGM_FI_DEV_GPU_TEMP, gauge, x\n", "--host-name")
    assert "flag provided but not defined" in said


def test_profiling_needs_rights(datacenter: Silicon) -> None:
    said = datacenter.refused(counters_csv("datacenter", profiling=True))
    assert "--cap-add SYS_ADMIN" in said


def test_without_a_gpu_it_does_not_start(geforce: Silicon) -> None:
    geforce.do("fall", "0")
    assert "deviceWatchList is empty" in geforce.refused("DCGM_FI_DEV_GPU_TEMP, gauge, x\n")


def test_a_geforce_has_no_profiling_and_no_ecc(geforce: Silicon) -> None:
    """Asked for everything it shows what a GeForce has, and says of the rest what the real one does."""
    lists = [counters_csv(each, profiling=True) for each in ("geforce", "datacenter")]
    with geforce.exporter("".join(dict.fromkeys("".join(lists).splitlines(keepends=True)))) as it:
        shown = page(it).names
    assert shown and not {n for n in shown if "PROF" in n or "ECC" in n or "NVLINK" in n}
    own = {name for name, row in counters().items() if "geforce" in row.classes}
    assert shown == own - {"DCGM_FI_DEV_MEMORY_TEMP", "DCGM_FI_DEV_XID_ERRORS"}
    assert "Not collecting DCP metrics" in it.log() and "metric not enabled" in it.log()


@pytest.mark.parametrize(("kind", "series"), [("geforce", 27), ("datacenter", 38)])
def test_how_many_series_a_gpu_has(
    kind: GpuClass, series: int, request: pytest.FixtureRequest
) -> None:
    """27 for a GeForce; 38 for an H100, and eight more of profiling."""
    silicon: Silicon = request.getfixturevalue(kind)
    with silicon.exporter() as it:
        found = page(it).series
    gpus = {labels["gpu"] for _, labels, _ in found}
    assert len(found) == series * len(gpus)
    every = {"gpu", "UUID", "pci_bus_id", "device", "modelName"}
    assert all(every <= labels.keys() and "hostname" not in labels for _, labels, _ in found)


def test_values_follow_the_silicon(datacenter: Silicon) -> None:
    with datacenter.exporter() as it:
        before = page(it)
        words = ("temperature=91", "power=640.5", "utilization=97", "memory_used=80000")
        datacenter.do("live", "3", *words, "throttled=thermal")
        page(it)
        time.sleep(0.2)
        after = page(it)
    one = {"gpu": "3"}
    assert before.of("DCGM_FI_DEV_GPU_TEMP") == [30.0] * 8
    assert after.of("DCGM_FI_DEV_GPU_TEMP", **one) == [91.0]
    assert after.of("DCGM_FI_DEV_POWER_USAGE", **one) == [640.5]
    assert after.of("DCGM_FI_DEV_FB_USED", **one) == [80000.0]
    memory = [after.of(f"DCGM_FI_DEV_FB_{part}", **one)[0] for part in ("USED", "FREE", "RESERVED")]
    assert sum(memory) == 81559
    (slowed,) = after.of("DCGM_FI_DEV_THERMAL_VIOLATION", **one)
    assert 1e8 < slowed < 2e10
    (energy,) = after.of("DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION", **one)
    assert energy > 640 * 1000 * 0.15
    assert after.of("DCGM_FI_DEV_THERMAL_VIOLATION", gpu="2") == [0.0]


def test_a_sample_is_as_old_as_the_interval(geforce: Silicon) -> None:
    with geforce.exporter(interval=600000) as it:
        page(it)
        geforce.do("live", "all", "temperature=70")
        assert page(it).of("DCGM_FI_DEV_GPU_TEMP") == [30.0]


def test_xids_are_counted_and_the_last_is_kept(datacenter: Silicon) -> None:
    with datacenter.exporter() as it:
        assert "DCGM_FI_DEV_XID_ERRORS" not in page(it).names  # a blank is not shown
        assert page(it).of(XIDS) == [0.0] * 8 and page(it).of(XIDS, xid="") == []
        datacenter.do("xid", "0", "31")
        datacenter.do("xid", "0", "31")
        datacenter.do("xid", "0", "63")
        shown = page(it)
    assert shown.of(XIDS, gpu="0", xid="31") == [2.0] and shown.of(XIDS, xid="63") == [1.0]
    assert shown.of("DCGM_FI_DEV_XID_ERRORS") == [63.0]
    assert shown.of(HEALTH, gpu="0", health_watch="MEM") == [10.0]
    assert shown.of("DCGM_FI_DEV_GPU_TEMP", gpu="0") == [30.0]


def test_a_gpu_that_falls_off_the_bus(datacenter: Silicon) -> None:
    with datacenter.exporter() as it:
        datacenter.do("fall", "5")
        shown = page(it)
    assert len(shown.of("DCGM_FI_DEV_GPU_TEMP")) == 7
    assert shown.of("DCGM_FI_DEV_XID_ERRORS", err_code="79") == [79.0]
    worst = {"gpu": "5", "health_watch": "ALL", "health_error_code": "DCGM_FR_FALLEN_OFF_BUS"}
    assert shown.of(HEALTH, **worst) == [20.0]
    assert sorted(shown.of(HEALTH))[:-1] == [0.0] * (8 * 11 - 1)
    with datacenter.exporter() as again:
        assert {labels["gpu"] for _, labels, _ in page(again).series} == set("0123467")
