"""The DCGM exporter on a host: written, started, replaced when it changes, removed at the end."""

from __future__ import annotations

import hashlib
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from firstlight.facts.gpu_exporter import GpuExporterState
from firstlight.facts.guard import Guard as State
from firstlight.monitor.gpu_exporter import FOLDER, UNIT
from firstlight.operations import gpu_settings
from firstlight.operations.gpu_exporter import BRIDGE, INSTALLED, exporting, retired
from roles.dcgm import unit_text
from tests.monitor.test_dcgm import unit
from tests.operations.play import commands, converged, run
from tests.stubs import Stubs

EXPORTER = unit()
TEXT = unit_text(EXPORTER, "/usr/bin/python3")
WANTED: dict[str, Any] = {"unit": EXPORTER, "text": TEXT}
RUNS = State(
    hashlib.sha256(TEXT.encode()).hexdigest(), EXPORTER.spec(),
    left=True, active=True, enabled=True,
)  # fmt: skip
NEEDS_ROOT = pytest.mark.skipif(os.getuid() != 0, reason="needs root")


class ExporterHost:
    """A folder for what the exporter reads, and a systemd that writes down what it is asked."""

    def __init__(self, tmp_path: Path, stubs: Stubs) -> None:
        self.folder, self.unit, self.bridge = (
            tmp_path / name for name in ("exporter", "exporter.service", "bridge")
        )
        self.stubs, self.stages = stubs, tmp_path / "stages"
        self.folder.mkdir()
        for name in ("systemctl", "docker"):
            stubs.add(name)
        stubs.add("journalctl", "echo last words")

    def deploy(self, have: State, operation: Any = exporting, **wanted: Any) -> int:
        done: subprocess.CompletedProcess[str] | None = None
        for command in commands(operation, {GpuExporterState: have}, **wanted)[0]:
            raw = command.get_raw_value()
            places = {
                INSTALLED: self.unit, FOLDER: self.folder, BRIDGE: self.bridge,
                "/etc/systemd/system/$unit": self.unit, "/run/firstlight": self.stages,
            }  # fmt: skip
            instead = {path: place for path, place in places.items() if path in raw}
            done = run(command, self.stubs.env, instead)
            if done.returncode:
                assert "last words" in done.stderr and "monitor.gpus.without" in done.stderr
                return done.returncode
        return 0


@pytest.fixture
def host(tmp_path: Path, stubs: Stubs) -> ExporterHost:
    return ExporterHost(tmp_path, stubs)


def test_converged() -> None:
    assert converged(exporting, {GpuExporterState: RUNS}, **WANTED)
    assert converged(retired, {GpuExporterState: State()})


@NEEDS_ROOT
def test_a_first_one(host: ExporterHost) -> None:
    assert host.deploy(State(), **WANTED) == 0
    assert host.unit.read_text() == TEXT
    calls = host.stubs.calls()
    assert calls.index("systemctl daemon-reload") < calls.index(f"systemctl restart {UNIT}")
    assert f"systemctl enable --quiet {UNIT}" in calls


@pytest.mark.parametrize(
    ("change", "how"),
    [
        ({"running": "other"}, "restart"),  # a run before was cut between writing and starting
        ({"active": False}, "restart"),
        ({"enabled": False}, "start"),
        ({"reload_needed": True}, "start"),
    ],
)
def test_what_differs_is_mended(host: ExporterHost, change: dict[str, Any], how: str) -> None:
    host.unit.write_text(TEXT)
    assert host.deploy(State(**{**vars(RUNS), **change}), **WANTED) == 0
    assert f"systemctl {how} {UNIT}" in host.stubs.calls()


@NEEDS_ROOT
def test_one_that_does_not_answer_is_said_with_its_last_words(host: ExporterHost) -> None:
    old = host.folder / "counters-000000000000.csv"
    old.write_text("")
    host.stubs.add("systemctl", '[ "$1" != restart ]')
    assert host.deploy(State("other"), **WANTED) != 0 and old.exists()
    host.stubs.add("systemctl")
    assert host.deploy(State("other"), **WANTED) == 0 and not old.exists()


def test_removed(host: ExporterHost) -> None:
    host.unit.write_text(TEXT)
    host.bridge.write_text("")
    assert host.deploy(RUNS, retired) == 0
    assert not (host.unit.exists() or host.bridge.exists() or host.folder.exists())
    calls = host.stubs.calls()
    assert f"systemctl disable --quiet --now {UNIT}" in calls
    assert "docker network rm fl-9400" in calls


def test_its_unit_makes_its_network_and_waits_until_it_answers() -> None:
    lines = TEXT.splitlines()
    (network,) = (line for line in lines if BRIDGE in line)
    assert network.endswith(f"{BRIDGE} fl-9400 198.18.146.224/30 198.18.146.225")
    (post,) = (line for line in lines if line.startswith("ExecStartPost"))
    assert "http://198.18.146.226:9400/health" in post and "$$MAINPID" in post
    assert lines.index(network) < next(
        n for n, line in enumerate(lines) if line.startswith("ExecStart=")
    )


@pytest.mark.parametrize("works", [True, False])
@pytest.mark.parametrize("divided", ["yes", "no"])
def test_it_lets_go_of_the_gpus_while_they_are_divided(
    stubs: Stubs, divided: str, works: bool
) -> None:
    stubs.add("systemctl", "" if works else '[ "$*" != "restart firstlight-gpu.service" ]')
    stubs.add("journalctl")
    words = ["sh", "-c", gpu_settings.APPLY, "sh", gpu_settings.UNIT, divided, UNIT]
    done = subprocess.run(words, env=stubs.env, timeout=20, check=False)
    assert (done.returncode == 0) == works
    calls = stubs.calls()
    order = [f"systemctl stop {UNIT}", "systemctl restart firstlight-gpu.service"]
    order += ["systemctl restart nvidia-cdi-refresh.service"] if works else []
    order += [f"systemctl start --no-block {UNIT}"]
    at = [calls.index(each) for each in order if each in calls]
    assert at == sorted(at) and len(at) == (len(order) if divided == "yes" else 1)
