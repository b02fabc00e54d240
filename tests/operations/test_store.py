"""The store of weights looked at, checked, and rid of what nobody uses."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from firstlight import adapter
from firstlight.facts.weights import Fetching, FetchProgress, Jobs, OnHost
from firstlight.operations import store, weights
from tests.operations.play import commands, converged, run
from tests.stubs import Stubs

PROGRAM = {"python": sys.executable, "program": "/usr/local/lib/firstlight/fetch.pyz"}
FOUND = [{"path": "/srv/models/old@1", "bytes": 3_000_000_000, "source": ""}]


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    lines: list[str] = []
    monkeypatch.setattr(adapter, "show", lines.append)
    return lines


def test_a_list_changes_nothing(shown: list[str]) -> None:
    assert converged(store.listed, {OnHost: None}, **PROGRAM)
    assert shown == ["gpu1: no weights"]


def test_what_would_go_is_shown_and_then_goes(shown: list[str], tmp_path: Path) -> None:
    asked: list[Any] = []
    facts = {OnHost: lambda **words: asked.append(words["words"]) or FOUND}
    (command,), _ = commands(store.collected, facts, keep=["/srv/models/a b@1"], **PROGRAM)
    assert asked == [["gc", "--", "/srv/models/a b@1"]]
    assert "3.00 GB that nobody uses" in shown[0] and "old@1" in shown[0]
    program = tmp_path / "fetch.pyz"
    program.write_text("import sys; print(sys.argv[1:])")
    done = run(command, None, {PROGRAM["program"]: program})
    assert done.stdout.strip() == "['gc', '--yes', '--', '/srv/models/a b@1']"


def test_nothing_to_collect(shown: list[str]) -> None:
    assert converged(store.collected, {OnHost: []}, keep=[], **PROGRAM)


def test_a_check_runs_as_a_unit_of_the_stores_owner(stubs: Stubs, tmp_path: Path) -> None:
    program = tmp_path / "fetch.pyz"
    (command,), _ = commands(store.verified, {}, user="firstlight-models", **PROGRAM)
    stubs.add("systemctl", "")
    stubs.add("systemd-run", "")
    there = {PROGRAM["program"]: program}
    assert run(command, stubs.env, there).returncode == 1
    program.touch()
    assert run(command, stubs.env, there).returncode == 0
    call = stubs.calls("systemd-run")[0]
    assert "User=firstlight-models" in call and call.endswith(f"-I {program} verify")


@pytest.mark.parametrize("ended", ["success", "exit-code"])
def test_a_check_is_watched_and_its_verdict_is_the_runs(
    shown: list[str], monkeypatch: pytest.MonkeyPatch, ended: str
) -> None:
    monkeypatch.setattr(weights, "time", SimpleNamespace(sleep=print, monotonic=lambda: 0.0))
    state = "inactive" if ended == "success" else "failed"
    fetching = Fetching(state, ended, 0, "2 files are not what was fetched: a, b")
    facts = {FetchProgress: fetching}
    found, _ = commands(store.verified, facts, executing=True, user="m", **PROGRAM)
    if ended == "success":
        assert len(found) == 1 and "all weights are right" in shown[0]
    else:
        assert "gpu1: 2 files are not what was fetched: a, b" in run(found[1]).stderr
        assert shown == []


def test_jobs_and_tokens_of_models_that_are_gone(tmp_path: Path) -> None:
    for folder, files in (("weights", ("a.json", "b.json")), ("secrets", ("hub-token-b", "key"))):
        (tmp_path / folder).mkdir()
        for name in files:
            (tmp_path / folder / name).touch()
    facts = {Jobs: ["a", "b"]}
    assert converged(weights.forgotten, facts, wanted=["a", "b", "c"])
    (command,), _ = commands(weights.forgotten, facts, wanted=["a"])
    assert run(command, None, {"/etc/firstlight": tmp_path}).returncode == 0
    left = sorted(path.name for path in tmp_path.rglob("*") if path.is_file())
    assert left == ["a.json", "key"]
