"""The guard on a host: written, started, replaced when it changes, removed when nobody wants it."""

from __future__ import annotations

import hashlib
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from firstlight.facts.guard import Guard as State
from firstlight.facts.guard import GuardState
from firstlight.guard.unit import FOLDER, GuardUnit
from firstlight.operations.guard import INSTALLED, TMPFILES, guarding, retired
from firstlight.settings.guard import Guard
from roles.guard import unit_text
from tests.operations.play import commands, converged, run
from tests.stubs import Stubs

IMAGE = f"ghcr.io/data-privacy-stack/presidio-analyzer@sha256:{'a' * 64}"
UNIT = GuardUnit(Guard(image=IMAGE), 3600)
TEXT = unit_text(UNIT)
DIGEST = hashlib.sha256(TEXT.encode()).hexdigest()
WANTED: dict[str, Any] = {"unit": UNIT, "text": TEXT}
RUNS = State(DIGEST, UNIT.spec(), left=True, active=True, enabled=True)


class GuardHost:
    """A folder for what the guard reads, and a systemd that writes down what it is asked."""

    def __init__(self, tmp_path: Path, stubs: Stubs) -> None:
        self.folder, self.unit = tmp_path / "guard", tmp_path / "guard.service"
        self.tmpfiles, self.stubs, self.stages = tmp_path / "tmpfiles", stubs, tmp_path / "stages"
        self.folder.mkdir()
        for name in ("systemctl", "systemd-tmpfiles", "docker"):
            stubs.add(name)
        stubs.add("journalctl", "echo last words")

    def deploy(self, have: State, operation: Any = guarding, **wanted: Any) -> int:
        done: subprocess.CompletedProcess[str] | None = None
        for command in commands(operation, {GuardState: have}, **wanted)[0]:
            raw = command.get_raw_value()
            places = {
                INSTALLED: self.unit, FOLDER: self.folder, TMPFILES: self.tmpfiles,
                "/etc/systemd/system/$unit": self.unit, "/run/firstlight": self.stages,
            }  # fmt: skip
            instead = {path: place for path, place in places.items() if path in raw}
            done = run(command, self.stubs.env, instead)
            if done.returncode:
                assert "last words" in done.stderr and "edge.guard" in done.stderr
                return done.returncode
        return 0


@pytest.fixture
def host(tmp_path: Path, stubs: Stubs) -> GuardHost:
    return GuardHost(tmp_path, stubs)


def test_converged() -> None:
    assert converged(guarding, {GuardState: RUNS}, **WANTED)
    assert converged(retired, {GuardState: State()})


@pytest.mark.skipif(os.getuid() != 0, reason="needs root")
def test_a_first_one(host: GuardHost) -> None:
    assert host.deploy(State(), **WANTED) == 0
    assert host.unit.read_text() == TEXT
    calls = host.stubs.calls()
    assert f"systemd-tmpfiles --create {host.tmpfiles}" in calls
    assert calls.index("systemctl daemon-reload") < calls.index(
        "systemctl restart firstlight-guard.service"
    )


@pytest.mark.parametrize(
    ("change", "how"),
    [
        ({"running": "other"}, "restart"),  # a run before was cut between writing and starting
        ({"active": False}, "restart"),
        ({"enabled": False}, "start"),
        ({"reload_needed": True}, "start"),
    ],
)
def test_what_differs_is_mended(host: GuardHost, change: dict[str, Any], how: str) -> None:
    host.unit.write_text(TEXT)
    assert host.deploy(State(**{**vars(RUNS), **change}), **WANTED) == 0
    assert f"systemctl {how} firstlight-guard.service" in host.stubs.calls()


@pytest.mark.skipif(os.getuid() != 0, reason="needs root")
def test_what_is_no_longer_read_goes_when_the_new_one_answers(host: GuardHost) -> None:
    old = host.folder / "config-000000000000.json"
    old.write_text("{}")
    host.stubs.add("systemctl", '[ "$1" != restart ]')
    assert host.deploy(State("other"), **WANTED) != 0 and old.exists()
    host.stubs.add("systemctl")
    assert host.deploy(State("other"), **WANTED) == 0 and not old.exists()


def test_removed(host: GuardHost) -> None:
    host.unit.write_text(TEXT)
    host.tmpfiles.write_text("d")
    assert host.deploy(RUNS, retired) == 0
    assert not host.unit.exists() and not host.tmpfiles.exists() and not host.folder.exists()
    assert "systemctl disable --quiet --now firstlight-guard.service" in host.stubs.calls()


def test_the_container_has_nothing_it_does_not_need() -> None:
    line = " ".join(UNIT.run())
    for words in (
        "--network none", "--read-only", "--cap-drop ALL", "--security-opt no-new-privileges",
        "--user 60801:60801", "--pull never", "--memory 2147483648 --memory-swap 2147483648",
        "/run/firstlight-pools:/run/firstlight-pools:ro",
    ):  # fmt: skip
        assert words in line
    assert IMAGE in line and "--publish" not in line


def test_a_change_of_the_settings_is_another_container() -> None:
    other = GuardUnit(Guard(image=IMAGE, threshold=0.5), 3600)
    assert other.spec() != UNIT.spec() and other.config_file != UNIT.config_file
    assert other.program_file == UNIT.program_file
    assert GuardUnit(Guard(image=IMAGE), 3600).spec() == UNIT.spec()
