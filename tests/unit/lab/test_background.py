"""Programs that go on after the command that started them."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from firstlight.errors import FirstlightError
from firstlight.lab.process import Process
from firstlight.lab.services import background
from firstlight.lab.services.background import Background

PROGRAM = "import pathlib, sys, time; pathlib.Path(sys.argv[1]).touch(); time.sleep(60)"


def make(folder: Path, *more: str) -> Background:
    flag = folder / "ready"
    return Background("sleeper", (sys.executable, "-c", PROGRAM, str(flag), *more), folder)


def pid(program: Background) -> int:
    return int(json.loads(program.pid_file.read_text())["pid"])


@pytest.fixture
def sleeper(tmp_path: Path) -> Iterator[Background]:
    program = make(tmp_path / "a folder")
    program.directory.mkdir()
    yield program
    program.stop()


def ready(program: Background) -> bool:
    return (program.directory / "ready").exists()


def test_it_is_started_once(sleeper: Background) -> None:
    assert sleeper.start(lambda: ready(sleeper))
    first = pid(sleeper)
    assert not sleeper.start(lambda: ready(sleeper))
    assert pid(sleeper) == first
    assert sleeper.running()


def test_it_is_stopped_and_gone(sleeper: Background) -> None:
    sleeper.start(lambda: ready(sleeper))
    process = Process.of(pid(sleeper))
    sleeper.stop()
    assert not process.alive()
    assert not sleeper.running()
    assert not sleeper.pid_file.exists()
    sleeper.stop()


def test_it_is_started_again_after_a_crash(sleeper: Background) -> None:
    sleeper.start(lambda: ready(sleeper))
    crashed = Process.of(pid(sleeper))
    crashed.signal(signal.SIGKILL)
    assert crashed.wait(5)
    assert sleeper.start(lambda: ready(sleeper))
    assert pid(sleeper) != crashed.pid


def test_another_command_line_replaces_it(sleeper: Background) -> None:
    sleeper.start(lambda: ready(sleeper))
    old = Process.of(pid(sleeper))
    changed = make(sleeper.directory, "changed")
    assert changed.start(lambda: ready(changed))
    assert not old.alive()
    changed.stop()


def test_an_orphan_without_pid_file_is_found(sleeper: Background) -> None:
    sleeper.start(lambda: ready(sleeper))
    orphan = Process.of(pid(sleeper))
    sleeper.pid_file.unlink()
    sleeper.stop()
    assert not orphan.alive()


def test_a_pid_that_is_used_again_is_left_alone(sleeper: Background) -> None:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as other:
        record = {"pid": other.pid, "started": 1, "argv": list(sleeper.argv)}
        sleeper.pid_file.write_text(json.dumps(record))
        assert not sleeper.running()
        sleeper.stop()
        assert other.poll() is None
        other.kill()


def test_one_that_ends_says_why(tmp_path: Path) -> None:
    program = "import sys; sys.exit('no such thing')"
    failing = Background("failing", (sys.executable, "-c", program), tmp_path)
    with pytest.raises(FirstlightError) as caught:
        failing.start(lambda: False)
    assert caught.value.why == "it ended with exit code 1; no such thing"
    assert caught.value.where == str(failing.log)


def test_one_that_never_answers_is_ended(
    sleeper: Background, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(background, "START_TIMEOUT", 0.5)
    begin = time.monotonic()
    with pytest.raises(FirstlightError, match="did not start"):
        sleeper.start(lambda: False)
    assert time.monotonic() - begin < 15
    assert not sleeper.pid_file.exists()
