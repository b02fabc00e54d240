"""The program that tells the journal of requests: each line once, over rotations and restarts."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from firstlight.monitor.requests import CHUNK, DRAIN, LONGEST, Follower


class Log:
    """A log, and what was told of it so far."""

    def __init__(self, folder: Path) -> None:
        self.path, self.state = folder / "access.log", folder / "position"
        self.out = io.BytesIO()
        self.restart()

    def restart(self) -> None:
        self.follower = Follower(self.path, self.state, self.out)

    def add(self, text: str) -> None:
        with self.path.open("a") as file:
            file.write(text)

    def rotate(self) -> None:
        self.path.rename(self.path.with_name("access.log.1"))

    def told(self) -> str:
        for _ in range(20 + DRAIN):
            self.follower.step()
        return self.out.getvalue().decode()


@pytest.fixture
def log(tmp_path: Path) -> Log:
    return Log(tmp_path)


def test_nothing_there_yet(log: Log) -> None:
    assert not log.follower.step() and log.told() == ""


def test_a_line_is_told_when_it_is_whole(log: Log) -> None:
    log.add("one\ntw")
    assert log.told() == "one\n"
    log.add("o\n")
    assert log.told() == "one\ntwo\n"


def test_after_a_restart_it_goes_on(log: Log) -> None:
    log.add("one\n")
    log.told()
    log.add("two\n")
    log.restart()
    assert log.told() == "one\ntwo\n"


def test_a_rotation_loses_nothing_and_repeats_nothing(log: Log) -> None:
    log.add("one\n")
    log.told()
    log.rotate()
    with log.path.with_name("access.log.1").open("a") as late:
        late.write("two\n")
    log.add("three\n")
    assert log.told() == "one\ntwo\nthree\n"


def test_a_rotation_while_it_did_not_run(log: Log) -> None:
    log.add("one\n")
    log.told()
    log.add("two\n")
    log.rotate()
    log.add("three\n")
    log.restart()
    assert log.told() == "one\ntwo\nthree\n"


def test_what_was_compressed_meanwhile_is_said_to_be_missing(
    log: Log, capsys: pytest.CaptureFixture[str]
) -> None:
    log.add("one\n")
    log.told()
    log.path.rename(log.path.with_name("kept"))  # so that no new file gets its number
    log.add("two\n")
    log.rotate()
    log.add("three\n")
    log.restart()
    assert log.told() == "one\ntwo\nthree\n"
    assert "missing" in capsys.readouterr().err


def test_a_log_that_was_emptied_begins_anew(log: Log) -> None:
    log.add("a long line\n")
    log.told()
    log.path.write_text("new\n")
    assert log.told() == "a long line\nnew\n"


def test_a_position_that_cannot_be_read_is_none(log: Log) -> None:
    log.state.write_text("{")
    log.restart()
    log.add("one\n")
    assert log.told() == "one\n"


def test_long_lines_are_cut(log: Log) -> None:
    log.add("x" * (LONGEST + 9) + "\nend\n")
    assert log.told() == "x" * LONGEST + "\nend\n"
    log.add("y" * (CHUNK + 5) + "\nlast\n")
    assert log.told().endswith("\nlast\n")
