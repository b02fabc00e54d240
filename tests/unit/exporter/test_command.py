"""Other programs are asked for a bounded time, and one that hangs is not asked twice."""

from __future__ import annotations

import time
from pathlib import Path

from firstlight.exporter.command import began, said, still_there
from tests.unit.exporter.machine import Machine


def test_what_a_program_says(machine: Machine) -> None:
    machine.stubs.add("good", "echo yes")
    machine.stubs.add("bad", "echo half; exit 9")
    assert said(["good"], 5) == "yes\n"
    assert said(["bad"], 5) is None
    assert said(["bad"], 5, failed=True) == "half\n"
    assert said(["not-there"], 5) is None


def test_one_that_takes_too_long_is_ended(machine: Machine) -> None:
    machine.stubs.add("slow", "exec sleep 60")
    start = time.monotonic()
    assert said(["slow"], 0.2, stuck=machine.state / "slow.stuck") is None
    assert time.monotonic() - start < 15
    assert not (machine.state / "slow.stuck").exists(), "it could be killed: it may be asked again"


def test_one_that_cannot_be_ended_is_not_started_again(machine: Machine) -> None:
    stuck = machine.state / "smi.stuck"
    stuck.write_text(f"1 {began(1)}\n")  # the first process lives as long as the machine
    machine.stubs.add("smi", "echo yes")
    assert said(["smi"], 5, stuck=stuck) is None
    assert machine.stubs.calls("smi") == []
    stuck.write_text("1 12345678901\n")  # another process has the number by now
    assert said(["smi"], 5, stuck=stuck) == "yes\n"
    assert not stuck.exists()


def test_a_torn_note_hinders_nobody(tmp_path: Path) -> None:
    (tmp_path / "torn").write_text("12")
    assert not still_there(tmp_path / "torn")
    assert not still_there(tmp_path / "none")
