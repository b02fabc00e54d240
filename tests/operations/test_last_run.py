"""The mark of a run: written beside its first change, where it fails, and at its end."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pyinfra.api import StringCommand

from firstlight import run_marks
from firstlight.facts.last_run import LastRunResult
from firstlight.last_run import FAILED, PATH, RUNNING, WELL, LastRun, lock_of
from firstlight.operations import last_run as operations
from firstlight.operations.last_run import ended
from firstlight.run_marks import RunMarks, marking
from tests.operations.play import converged, run

RUN = LastRun(RUNNING, "2026-11-21T18:35:33+00:00", version="0.1.0", lock="abc")


@pytest.mark.parametrize("have", ["", WELL])
def test_a_run_that_changed_nothing_is_not_marked(have: str) -> None:
    assert converged(ended, {LastRunResult: have}, run=RUN)


@pytest.mark.parametrize("have", [RUNNING, FAILED])
def test_one_that_ended_well_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, have: str
) -> None:
    asked: list[StringCommand] = []
    monkeypatch.setattr(operations, "aside", lambda _, command: not asked.append(command))
    assert converged(ended, {LastRunResult: have}, run=RUN) and not asked  # as long as it plans
    monkeypatch.setattr("firstlight.adapter.is_executing", lambda _: True)
    assert converged(ended, {LastRunResult: have}, run=RUN)  # the mark is no change
    command = asked[0]
    file = tmp_path / "run.json"
    assert run(command, instead={PATH: file}).returncode == 0
    assert json.loads(file.read_text()).items() >= {"result": WELL, "lock": "abc"}.items()
    assert file.stat().st_mode & 0o777 == 0o644
    assert LastRunResult().process(file.read_text().splitlines()) == WELL


@pytest.mark.parametrize("text", ["", "{", "[]", "{}"])
def test_a_mark_that_cannot_be_read_is_none(text: str) -> None:
    assert LastRunResult().process(text.splitlines()) == ""


def test_where_nothing_of_ours_is_there_is_no_mark(tmp_path: Path) -> None:
    file = tmp_path / "not there" / "run.json"
    assert run(marking(RUN), instead={PATH: file}).returncode == 0
    assert not file.parent.exists()


class Named:
    """A host, as far as it is asked."""

    def __init__(self, name: str) -> None:
        self.name = name


class Run:
    """What pyinfra tells its callbacks of: operations of one host that change it, or do not."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.written: list[dict[str, Any]] = []
        monkeypatch.setattr(run_marks, "aside", self.aside)
        self.marks, self.host = RunMarks(RUN), Named("gpu1")
        self.operations: dict[str, Any] = {}

    @property
    def state(self) -> Any:
        return SimpleNamespace(
            ops={self.host: self.operations},
            get_op_data_for_host=lambda _, name: self.operations[name],
            get_op_meta=lambda name: SimpleNamespace(names={name}),
        )

    def aside(self, _: object, command: Any) -> bool:
        # The mark is the command's last word.
        self.written.append(json.loads(shlex.split(command.get_raw_value())[-1]))
        return True

    def operation(
        self, name: str, changes: bool = False, fails: bool = False, **given: Any
    ) -> None:
        meta = SimpleNamespace(is_complete=lambda: False, did_change=lambda: changes)
        self.operations[name] = SimpleNamespace(operation_meta=meta, global_arguments=given)
        self.marks.operation_host_start(self.state, self.host, name)  # type: ignore[arg-type]
        if fails:
            self.marks.operation_host_error(self.state, self.host, name)  # type: ignore[arg-type]
        meta.is_complete = lambda: True


@pytest.fixture
def going(monkeypatch: pytest.MonkeyPatch) -> Run:
    return Run(monkeypatch)


def test_a_run_is_marked_once_and_at_its_first_change(going: Run) -> None:
    going.operation("Base | one")
    going.operation("Base | two", changes=True)
    assert going.written == []
    going.operation("Edge | three", changes=True)
    going.operation("Edge | four")
    assert [each["result"] for each in going.written] == [RUNNING]


def test_one_that_fails_says_where(going: Run) -> None:
    going.operation("Edge | Serve", fails=True)
    [mark] = going.written
    assert (mark["result"], mark["operation"]) == (FAILED, "Edge | Serve")
    assert mark["ended"] >= mark["began"]


@pytest.mark.parametrize("given", ["_ignore_errors", "_continue_on_error"])
def test_what_may_fail_is_no_failure(going: Run, given: str) -> None:
    going.operation("Edge | Try", fails=True, **{given: True})
    assert going.written == []


def test_a_lock_is_known_by_what_it_says(tmp_path: Path) -> None:
    file = tmp_path / "firstlight.lock"
    assert lock_of(None) == lock_of(file) == ""
    file.write_text("one")
    assert len(lock_of(file)) == 12
    before = lock_of(file)
    file.write_text("two")
    assert lock_of(file) != before
