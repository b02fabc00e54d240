"""Alertmanager on a host: reloaded when its configuration changed, proven loaded, retired."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from firstlight.facts.alertmanager import Alerting, AlertmanagerState
from firstlight.monitor.alertmanager import FOLDER, UNIT, URL, loaded_as
from firstlight.operations.alertmanager import DROP_IN, LOAD_SECONDS, alerting, retired
from tests.monitor.alerting import free_port, running
from tests.operations.play import commands, converged, run
from tests.stubs import Stubs

LOADED = "66254717639411"
WANTED: dict[str, Any] = {
    "spec": "s1",
    "loaded": LOADED,
    "endpoints": {"hooks.example.net:443": ("chat", "other")},
}
RUNS = Alerting("s1", LOADED, left=True, active=True, enabled=True)


def test_what_is_loaded_is_left_alone() -> None:
    assert converged(alerting, {AlertmanagerState: RUNS}, **WANTED)
    assert converged(retired, {AlertmanagerState: Alerting()})
    assert len(commands(retired, {AlertmanagerState: RUNS})[0]) == 1


@pytest.mark.parametrize(
    ("change", "how"),
    [
        ({"loaded": "1"}, "reload"),
        ({"loaded": ""}, "reload"),
        ({"reload_needed": True}, "reload"),
        ({"enabled": False}, "reload"),
        ({"spec": "s0"}, "restart"),
        ({"active": False, "spec": ""}, "restart"),
    ],
)
def test_it_is_restarted_only_where_its_process_is_another(
    change: dict[str, Any], how: str
) -> None:
    ((command,), _) = commands(alerting, {AlertmanagerState: replace(RUNS, **change)}, **WANTED)
    assert f" {UNIT} {how} {LOADED} " in command.get_raw_value().replace("'", "")


def test_a_receiver_that_is_not_reached_is_a_warning_and_no_change(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said: list[str] = []
    tried: list[tuple[str, ...]] = []
    monkeypatch.setattr("firstlight.adapter.say", said.append)

    def fact(endpoints: tuple[str, ...], **_: Any) -> Alerting:
        tried.append(endpoints)
        return replace(RUNS, missed=endpoints)

    for executing in (False, True):
        done, host = commands(alerting, {AlertmanagerState: fact}, executing, **WANTED)
        assert done == [] and host.noop_description
    assert tried == [(), ("hooks.example.net:443",)]  # a plan tries nobody
    (one,) = said
    assert "gpu1: WARNING: " in one and "hooks.example.net:443 (receiver chat, other)" in one


def serve(stubs: Stubs, url: str, want: str) -> subprocess.CompletedProcess[str]:
    stubs.add("systemctl")
    stubs.add("journalctl", "echo 'Post https://h/SECRET: refused'")
    (command,), _ = commands(alerting, {AlertmanagerState: Alerting()}, **WANTED | {"loaded": want})
    raw = command.get_raw_value()
    assert f"{LOAD_SECONDS}" in raw
    seconds = {f"{URL} {LOAD_SECONDS}": f"{url} 2"}
    return run(command, stubs.env, seconds)


def test_success_is_what_alertmanager_itself_says(tmp_path: Path, stubs: Stubs) -> None:
    with running(tmp_path) as told:
        text = (told.folder / "alertmanager.yml").read_text()
        assert serve(stubs, told.url, loaded_as(text)).returncode == 0
        done = serve(stubs, told.url, LOADED)
    assert done.returncode != 0
    assert "does not work by its configuration" in done.stderr
    assert "refused" in done.stderr and "SECRET" not in done.stderr


def test_the_host_says_what_runs_and_whom_it_reaches(tmp_path: Path, stubs: Stubs) -> None:
    with running(tmp_path) as told:
        stubs.add(
            "systemctl",
            f'case "$*" in *--value*) echo {told.pid} ;; *) echo ActiveState=active; '
            "echo UnitFileState=enabled; echo NeedDaemonReload=no ;; esac",
        )
        here, gone = f"127.0.0.1:{told.http.port}", f"127.0.0.1:{free_port()}"
        fact = AlertmanagerState()
        asked = fact.command(
            unit=UNIT, url=told.url, folder=str(tmp_path), endpoints=(here, gone, "no.invalid:443")
        )
        done = run(asked, stubs.env)
        assert done.returncode == 0, done.stderr
        found = fact.process(done.stdout.splitlines())
        text = (told.folder / "alertmanager.yml").read_text()
    assert found.loaded == loaded_as(text)
    assert found.left and found.active and found.enabled and not found.reload_needed
    assert found.missed == tuple(sorted((gone, "no.invalid:443")))
    assert fact.process(["FIRSTLIGHT_SPEC=s1"]) == Alerting("s1")


def test_what_is_retired_is_gone(tmp_path: Path, stubs: Stubs) -> None:
    stubs.add("systemctl", f'echo "$*" >>{tmp_path}/asked')
    ours, kept = tmp_path / "alertmanager", tmp_path / "unit.d"
    for folder in (ours, kept):
        folder.mkdir()
    (command,), _ = commands(retired, {AlertmanagerState: RUNS})
    assert run(command, stubs.env, {FOLDER: ours, DROP_IN: kept}).returncode == 0
    assert not ours.exists() and not kept.exists()
    assert f"disable --quiet --now {UNIT}" in (tmp_path / "asked").read_text()
