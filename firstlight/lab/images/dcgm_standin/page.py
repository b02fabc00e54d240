"""The page of metrics: a sample of all GPUs, and sums of what runs on between two samples."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from . import fields, silicon
from .counters import Counter
from .silicon import Gpu

XID, XIDS = "DCGM_FI_DEV_XID_ERRORS", "DCGM_EXP_XID_ERRORS_COUNT"
HEALTH = "DCGM_EXP_GPU_HEALTH_STATUS"
WATCHES = ("PCIE", "NVLINK", "PMU", "MCU", "MEM", "SM", "INFOROM", "THERMAL", "POWER", "DRIVER",
           "ALL")  # fmt: skip
WARN, FAIL = 10, 20
# What DCGM's health watches make of an XID: the watch, how bad it is, and the name of the error.
OF_XID = {
    31: ("MEM", WARN, "XID_ERROR"), 43: ("MEM", WARN, "XID_ERROR"),
    48: ("ALL", FAIL, "XID_ERROR"), 63: ("MEM", WARN, "PENDING_PAGE_RETIREMENTS"),
    64: ("MEM", FAIL, "ROW_REMAP_FAILURE"), 74: ("ALL", FAIL, "XID_ERROR"),
    79: ("ALL", FAIL, "FALLEN_OFF_BUS"), 94: ("ALL", WARN, "UNKNOWN"),
    95: ("ALL", FAIL, "UNCONTAINED_ERROR"), 119: ("ALL", FAIL, "XID_ERROR"),
    120: ("ALL", FAIL, "XID_ERROR"), 140: ("ALL", FAIL, "XID_ERROR"),
}  # fmt: skip
MESSAGES = {48: "Double Bit ECC Error", 79: "GPU has fallen off the bus"}
Series = tuple[dict[str, str], str]


@dataclass
class Page:
    """What ``gpus`` show of ``counters``; a sample is at most ``interval`` seconds old."""

    gpus: list[Gpu]
    counters: list[Counter]
    interval: float
    window: int
    """Milliseconds for which an XID is counted."""
    folder: Path = silicon.FOLDER
    began: float = field(default_factory=time.time)
    _at: float = 0.0
    _samples: dict[int, dict[str, str]] = field(default_factory=dict)
    _sums: dict[tuple[int, str], float] = field(default_factory=dict)
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def text(self) -> str:
        """The page; what is not measured any more is not on it."""
        now = time.monotonic()
        with self._turn:
            if not self._samples or now - self._at >= self.interval:
                self._sample(now)
        lines = []
        for counter in self.counters:
            shown = [each for gpu in self.gpus for each in self._shown(counter, gpu)]
            if shown and counter.kind != "label":
                lines += [f"# HELP {counter.name} {counter.help}"]
                lines += [f"# TYPE {counter.name} {counter.kind}"]
                lines += [f"{counter.name}{{{_labels(named)}}} {value}" for named, value in shown]
        return "\n".join(lines) + "\n"

    def _sample(self, now: float) -> None:
        passed = now - self._at if self._samples else 0.0
        self._at = now
        last = dict(silicon.xids(self.began, self.folder))
        for gpu in self.gpus:
            for name, rate in _rates(self._samples.get(gpu.index, {})).items():
                key = (gpu.index, name)
                self._sums[key] = self._sums.get(key, 0.0) + rate * passed
            found = silicon.readings(gpu, self.folder)
            if gpu.index in last:
                found["xid"] = str(last[gpu.index])
            self._samples[gpu.index] = found

    def _shown(self, counter: Counter, gpu: Gpu) -> Iterator[Series]:
        """A counter's series of one GPU."""
        named = {
            "gpu": str(gpu.index), "UUID": gpu.uuid, "pci_bus_id": gpu.bus,
            "device": f"nvidia{gpu.index}", "modelName": gpu.name,
        }  # fmt: skip
        reading = self._samples[gpu.index]
        if counter.name == XIDS:
            yield from self._xids(named, gpu)
        elif counter.name == HEALTH:
            yield from self._health(named, gpu, reading)
        elif counter.name in fields.KNOWN:
            # Of a GPU that is lost DCGM has blanks only, but for what it was told before.
            if reading.get("lost") == "yes" and counter.name != XID:
                return
            sums = {f"sum.{name}": str(sum) for (index, name), sum in self._sums.items()
                    if index == gpu.index}  # fmt: skip
            value = fields.KNOWN[counter.name](gpu, {**reading, **sums})
            if value is None or (counter.name.startswith("DCGM_FI_PROF_") and not gpu.profiled):
                return
            if counter.name == XID:
                message = MESSAGES.get(int(value), "SIMULATED")
                named |= {"err_code": value, "err_msg": message}
            yield named, value

    def _counted(self, gpu: Gpu) -> dict[int, int]:
        """How many of each XID a GPU had within the window, and since the exporter's start."""
        since = max(self.began, time.time() - self.window / 1000)
        mine = [xid for index, xid in silicon.xids(since, self.folder) if index == gpu.index]
        return {xid: mine.count(xid) for xid in sorted(set(mine))}

    def _xids(self, named: dict[str, str], gpu: Gpu) -> Iterator[Series]:
        window = {"window_size_in_ms": str(self.window)}
        counted = self._counted(gpu)
        for xid, count in counted.items():
            yield {**named, **window, "xid": str(xid)}, str(count)
        if not counted:
            yield {**named, **window}, "0"

    def _health(
        self, named: dict[str, str], gpu: Gpu, reading: Mapping[str, str]
    ) -> Iterator[Series]:
        found = dict.fromkeys(WATCHES, (0, "OK"))
        for xid in self._counted(gpu):
            if xid in OF_XID:
                watch, how, error = OF_XID[xid]
                found[watch] = max(found[watch], (how, error))
        if reading.get("lost") == "yes":
            found["ALL"] = (FAIL, "FALLEN_OFF_BUS")
        for word in filter(None, reading.get("health", "").split(",")):
            watch, _, given = word.partition(":")
            found[watch] = (int(given or FAIL), "UNKNOWN")
        for watch, (value, error) in found.items():
            named = {**named, "health_watch": watch, "health_error_code": f"DCGM_FR_{error}"}
            yield named, str(value)


def _rates(reading: Mapping[str, str]) -> dict[str, float]:
    """What a sum grows by in a second: energy in mJ, time of violations in ns, NVLink in bytes."""
    if reading.get("lost") == "yes":
        return {}
    throttled = reading.get("throttled", "none")
    return {
        "power": float(reading.get("power", "0")) * 1000,
        "nvlink_rate": float(reading.get("nvlink_rate", "0")),
        "power_violation": 1e9 if throttled == "power" else 0.0,
        "thermal_violation": 1e9 if throttled == "thermal" else 0.0,
    }


def _labels(named: Mapping[str, str]) -> str:
    return ",".join(f'{key}="{value}"' for key, value in named.items())
