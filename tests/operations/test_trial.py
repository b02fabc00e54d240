"""A change that is tried: kept when it is confirmed, taken back in every other case."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from pyinfra.api import FunctionCommand
from pyinfra.context import ctx_host, ctx_state
from pyinfra_testing.util import FakeState

from firstlight.operations import trial
from firstlight.operations.files import File
from firstlight.rendering import TEMPLATES
from tests.operations import play
from tests.stubs import Stubs

OLD, NEW = "old rules\n", "new rules\n"


class Host:
    """Folders in place of a host's, and the program that runs there."""

    def __init__(self, base: Path, stubs: Stubs) -> None:
        self.base, self.stubs = base, stubs
        self.file, self.new, self.counts = base / "rules", base / "new", base / "counts"
        self.file.write_text(OLD)
        self.program = base / "trial"
        text = (TEMPLATES / "usr/local/lib/firstlight/trial").read_text()
        for path in ("/var/lib/firstlight", "/run/firstlight"):
            assert path in text
            text = text.replace(path, f"{base}{path}")
        self.program.write_text(text)
        self.program.chmod(0o755)
        self.folder = base / "var/lib/firstlight/trials/wall"

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(self.program), *words],
            env=self.stubs.env, capture_output=True, text=True, timeout=20, check=False,
        )  # fmt: skip

    def armed(self) -> None:
        undo = f"\ncat saved >{self.counts}\n"
        done = self.run(
            "arm", "wall", "me", "30", "echo as it was >saved", undo, str(self.file), str(self.new)
        )
        assert done.returncode == 0, done.stderr
        self.file.write_text(NEW)
        self.new.write_text(NEW)
        self.counts.write_text("as it is now")

    def is_old(self) -> bool:
        assert self.file.read_text() in (OLD, NEW)
        return self.file.read_text() == OLD and not self.new.exists()


@pytest.fixture
def host(tmp_path: Path, stubs: Stubs) -> Iterator[Host]:
    for name in ("systemctl", "systemd-run"):
        stubs.add(name)
    yield Host(tmp_path, stubs)


def test_the_way_back_is_armed_before_anything_changes(host: Host) -> None:
    host.armed()
    (clock,) = host.stubs.calls("systemd-run")
    assert clock.endswith("wall 30") and "--on-active" not in clock  # a reload starts those anew
    assert host.stubs.calls("systemctl")[0] == "systemctl enable --quiet firstlight-trials.service"
    assert host.folder.stat().st_mode & 0o077 == 0


def test_confirmed_it_stays_and_nothing_is_kept(host: Host) -> None:
    host.armed()
    assert host.run("confirm", "wall", "me").returncode == 0
    assert not host.is_old() and [each.name for each in host.folder.iterdir()] == ["confirmed"]
    assert host.run("confirm", "wall", "me").returncode == 0  # the first answer was lost
    assert host.run("revert", "wall").returncode == 0  # a timer that comes late
    assert not host.is_old()


def test_not_confirmed_the_old_files_count_again(host: Host) -> None:
    host.armed()
    assert "was not confirmed" in host.run("revert", "wall").stdout
    assert host.is_old() and host.counts.read_text() == "as it was\n"
    late = host.run("confirm", "wall", "me")
    assert late.returncode == 3 and "back already" in late.stderr
    host.armed()  # the next change can be tried


def test_after_a_power_cut_the_boot_puts_the_files_back_and_starts_nothing(host: Host) -> None:
    host.armed()
    assert "put back" in host.run("boot").stdout
    assert host.is_old() and host.counts.read_text() == "as it is now"
    assert host.run("boot").stdout == ""


def test_a_step_that_comes_too_late_is_not_made(host: Host) -> None:
    host.armed()
    host.run("revert", "wall")
    for words in (
        ("within", "wall", "me", "touch", str(host.new)),
        ("apply", "wall", "me", "30", "exit 0"),
    ):
        late = host.run(*words)
        assert late.returncode == 3 and "took too long" in late.stderr
    assert host.is_old()


def test_a_change_of_another_run_is_not_gone_on_with(host: Host) -> None:
    host.armed()
    for words in (("within", "wall", "they", "true"), ("confirm", "wall", "they")):
        assert host.run(*words).returncode == 3
    assert (host.folder / "armed").exists()


def test_the_way_back_waits_for_the_step_that_is_under_way(host: Host) -> None:
    host.armed()
    words = [
        str(host.program),
        "within",
        "wall",
        "me",
        "sh",
        "-c",
        f"sleep 1; echo late >{host.file}",
    ]
    step = subprocess.Popen(words, env=host.stubs.env)
    time.sleep(0.3)
    host.run("revert", "wall")
    assert step.wait(10) == 0 and host.is_old()


def test_the_clock_begins_again_when_the_change_counts(host: Host) -> None:
    host.armed()
    assert host.run("apply", "wall", "me", "7", f"echo applied >{host.counts}").returncode == 0
    assert host.stubs.calls("systemd-run")[-1].endswith("wall 7")
    assert not host.is_old() and host.counts.read_text() == "applied\n"


def test_a_change_that_does_not_take_is_taken_back_at_once(host: Host) -> None:
    host.armed()
    assert host.run("apply", "wall", "me", "7", "exit 5").returncode == 5
    assert host.is_old() and (host.folder / "reverted").exists()


def test_one_change_of_a_name_at_a_time(host: Host) -> None:
    host.armed()
    host.program.write_text(host.program.read_text().replace("-lt 60", "-lt 1"))
    again = host.run("arm", "wall", "me", "30", ":", ":", str(host.file))
    assert again.returncode == 1 and "waits to be confirmed" in again.stderr
    host.run("revert", "wall")
    assert host.is_old()


@pytest.mark.parametrize("broken", ["systemd-run", "systemctl"])
def test_without_a_way_back_nothing_is_armed(host: Host, broken: str) -> None:
    host.stubs.add(broken, "exit 1")
    assert host.run("arm", "wall", "me", "30", ":", ":", str(host.file)).returncode == 1
    assert not (host.folder / "armed").exists()


def test_what_cannot_be_kept_is_not_tried(host: Host) -> None:
    host.stubs.add("cp", "exit 1")  # a disk that is full
    assert host.run("arm", "wall", "me", "30", ":", ":", str(host.file)).returncode == 1
    assert not (host.folder / "armed").exists() and host.file.read_text() == OLD


def test_what_cannot_be_put_back_is_not_said_to_be(host: Host) -> None:
    host.armed()
    host.stubs.add("cp", "exit 1")
    failed = host.run("revert", "wall")
    assert failed.returncode == 1 and "NOT all that was there" in failed.stderr
    assert host.file.read_text() == NEW and (host.folder / "armed").exists()
    (host.stubs.folder / "cp").unlink()
    assert "put back" in host.run("boot").stdout and host.is_old()


def test_what_cannot_be_saved_is_not_tried(host: Host) -> None:
    assert host.run("arm", "wall", "me", "30", "exit 7", ":", str(host.file)).returncode == 1
    assert not (host.folder / "armed").exists()


def test_the_commands_of_a_change_arm_first_and_confirm_last() -> None:
    state = FakeState()
    with ctx_state.use(state), ctx_host.use(play.Host(state, {})):
        steps = list(trial.tried("wall", [File("/etc/rules", NEW)], apply="true", check="check 0"))
    texts = [getattr(step, "get_raw_value", lambda: "confirm")() for step in steps]
    assert re.search("arm wall [0-9a-f]{16} 30 ", texts[1]) and isinstance(
        steps[-1], FunctionCommand
    )
    assert f"{trial.PROGRAM} within wall" in texts[2] and f"{trial.PROGRAM} revert wall" in texts[2]
    assert re.search("apply wall [0-9a-f]{16} 30 true", texts[3])
    name, whose, seconds = steps[-1].args
    assert (name, seconds) == ("wall", 30) and f"within wall {whose}" in texts[2]
