"""A SIMULATED driver in a folder of the test, and an exporter over it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from firstlight.catalogue.counters import GpuClass
from firstlight.lab.gpus import hardware
from firstlight.lab.gpus.silicon import board, driver, faults, live, table
from firstlight.lab.images import dcgm
from firstlight.monitor.dcgm import counters_csv
from tests.unit.lab.standins.program import Standin, free_port

KINDS: dict[GpuClass, str] = {"geforce": "rtx4090", "datacenter": "8xh100"}
LINE = re.compile(r"^(\w+)\{(.*)\} (\S+)$")


@dataclass(frozen=True)
class Page:
    """A page of metrics, read."""

    text: str

    @property
    def series(self) -> list[tuple[str, dict[str, str], float]]:
        """Name, labels and value of each line that is no comment."""
        found = [LINE.match(line) for line in self.text.splitlines() if line[:1] != "#"]
        assert found and all(found), self.text
        return [(m[1], dict(re.findall(r'(\w+)="([^"]*)"', m[2])), float(m[3])) for m in found if m]

    def of(self, name: str, **labels: str) -> list[float]:
        """The values of the series with this name and these labels."""
        return [value for called, has, value in self.series
                if called == name and labels.items() <= has.items()]  # fmt: skip

    @property
    def names(self) -> set[str]:
        return {name for name, _, _ in self.series}


@dataclass(frozen=True)
class Silicon:
    """The folder that a container sees, and the lines that reached the journal."""

    folder: Path
    gpu_class: GpuClass
    said: list[str]

    def do(self, verb: str, *words: str) -> None:
        """What `silicon.sh VERB …` does on a lab host."""
        faults.run(verb, words)

    def command(self, text: str, *words: str) -> tuple[list[str], dict[str, str]]:
        """The exporter's command line with this list of counters, and its environment."""
        path = self.folder / "counters.csv"
        path.write_text(text)
        line = [sys.executable, "-B", "-m", dcgm.PROGRAMS.name, "--collectors", str(path), *words]
        where = {"PYTHONPATH": str(dcgm.PROGRAMS.parent), "SIMULATED_SILICON": str(self.folder)}
        return line, {"PATH": os.environ["PATH"], **where}

    def refused(self, text: str, *words: str) -> str:
        """What it says when it does not start."""
        line, environment = self.command(text, *words)
        if os.getuid() == 0:
            line = ["setpriv", "--bounding-set=-sys_admin", *line]
        done = subprocess.run(
            line, env=environment, capture_output=True, text=True, timeout=20, check=False
        )
        assert done.returncode == 1, done.stderr
        return done.stderr

    @contextmanager
    def exporter(self, text: str = "", interval: int = 0) -> Iterator[Standin]:
        """The exporter with ``text`` as its list, or firstlight's own without profiling."""
        port = free_port()
        text = text or counters_csv(self.gpu_class, profiling=False)
        words = ("--address", f"127.0.0.1:{port}", "--collect-interval", str(interval))
        line, environment = self.command(text, *words, "--no-hostname")
        process = subprocess.Popen(line, env=environment, stderr=subprocess.PIPE, text=True)
        try:
            running = Standin(process, port)
            running.await_status("/health", 200)
            yield running
        finally:
            process.kill()
            process.communicate(timeout=10)


def page(exporter: Standin) -> Page:
    status, text = exporter.ask("/metrics")
    assert status == 200
    return Page(str(text))


def made(gpu_class: GpuClass, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Silicon:
    """A driver that has been loaded on a host of this class."""
    described = hardware.description(KINDS[gpu_class], "a/lab1")
    said: list[str] = []
    known = driver._table("580.178.04", board.gpus(described))
    monkeypatch.setattr(live, "FOLDER", tmp_path / "live")
    monkeypatch.setattr(faults, "loaded", lambda: known)
    monkeypatch.setattr(faults, "log", said.append)
    monkeypatch.setattr(faults.bus, "TREE", tmp_path / "pci")
    monkeypatch.setattr(faults.board, "read", lambda: described)
    monkeypatch.setattr(
        faults.bus,
        "lay_out",
        lambda functions, name: [(tmp_path / "pci" / each["address"]).mkdir(parents=True, exist_ok=True)
                                 for each in functions],
    )  # fmt: skip
    table.save(known, tmp_path / "gpus.table")
    faults.calm(known)
    return Silicon(tmp_path, gpu_class, said)
