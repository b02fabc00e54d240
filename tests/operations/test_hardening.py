"""Hardening a host: what is done at which of them, in which order, and nothing where all is done."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pyinfra.api import FunctionCommand, StringCommand

from firstlight import adapter
from firstlight.facts.hardening import HardeningState
from firstlight.facts.packages import InstalledPackages, Packages
from firstlight.hardening import sysctl
from firstlight.hardening.change import change
from firstlight.hardening.found import Found
from firstlight.hardening.wanted import RECORDS, Wanted
from firstlight.operations.commands import script
from firstlight.operations.hardening import MODES, applied, attempted, hardened
from firstlight.operations.trial import confirm
from tests.operations.play import commands, converged, run
from tests.unit.hardening.host import BARE, EVERY, WANTED, done, without

THERE = Packages({"unattended-upgrades": "2", "apparmor": "4", "auditd": "4"})


def asked(found: Found, wanted: Wanted = WANTED, have: Packages = THERE) -> list[Any]:
    facts = {HardeningState: found, InstalledPackages: have}
    return commands(hardened, facts, wanted=wanted)[0]


def attempts(steps: list[Any]) -> list[StringCommand]:
    calls = [each for each in steps if isinstance(each, FunctionCommand)]
    return [each.args[0] for each in calls if each.function is attempted]


def texts(steps: list[Any]) -> list[str]:
    """Every command as text, also those whose refusal is a warning only."""
    told = [attempts([each])[0] if attempts([each]) else each for each in steps]
    return [each.get_raw_value() for each in told if isinstance(each, StringCommand)]


def test_what_is_as_it_shall_be_is_left_alone() -> None:
    facts = {HardeningState: done(BARE), InstalledPackages: THERE}
    assert converged(hardened, facts, wanted=WANTED)
    inside = replace(BARE, container="systemd-nspawn")
    _, host = commands(hardened, {**facts, HardeningState: done(inside)}, wanted=WANTED)
    assert "this host is a container" in host.noop_description


def test_what_was_there_before_is_noted_first() -> None:
    steps = asked(BARE, have=Packages())
    lines = texts(steps)
    installs = next(i for i, line in enumerate(lines) if "unattended-upgrades" in line)
    notes = next(i for i, line in enumerate(lines) if "hardening/before" in line)
    sets = next(i for i, line in enumerate(lines) if "/proc/sys/kernel/sysrq" in line)
    assert installs < notes < sets
    assert "600|root:root|/var/lib/firstlight/hardening/before" in lines[notes]


def test_the_networks_parameters_are_tried_and_can_come_back() -> None:
    steps = asked(BARE)
    calls = [each for each in steps if isinstance(each, FunctionCommand)]
    assert [each.function for each in calls] == [attempted, attempted, confirm]
    lines = texts(steps)
    armed = next(line for line in lines if " arm sysctl " in line)
    assert "printf" in armed and "7" in armed and "net/ipv4/tcp_rfc1337" in armed
    assert [line for line in lines if sysctl.NETWORK in line and "|root:root|" in line]
    kernel = next(line for line in lines if "/proc/sys/kernel/sysrq" in line)
    assert "/proc/sys/net/ipv4" not in kernel


def test_a_file_alone_needs_no_trial() -> None:
    after = done(BARE)
    lost = {path: state for path, state in after.paths.items() if path != sysctl.NETWORK}
    (step,) = asked(replace(after, paths=lost))
    assert sysctl.NETWORK in step.get_raw_value() and " arm " not in step.get_raw_value()
    off = without(*(each.id for each in WANTED.controls if "net." in str(each.sysctl)))
    gone = replace(after, before=replace(after.before, sysctl={}))
    assert [
        line
        for line in texts(asked(gone, off))
        if f'rm -f -- "$@"\' firstlight {sysctl.NETWORK}' in line
    ]


def test_nothing_is_kept_of_what_was_given_back() -> None:
    lines = texts(asked(done(BARE), Wanted((), "apt")))
    assert lines[-1].endswith(" firstlight /var/lib/firstlight/hardening/before")
    assert "rm -f" in lines[-1] and "/hardening/before" not in "".join(lines[:-1])


def test_programs_hear_of_their_new_files() -> None:
    lines = texts(asked(BARE, Wanted(EVERY, "apt")))
    assert any("restart systemd-journald" in line for line in lines)
    assert any("augenrules --load" in line for line in lines)
    after = done(BARE, Wanted(EVERY, "apt"))
    lines = texts(asked(after))
    assert any("augenrules" in line for line in lines) and f"/{RECORDS}" in "".join(lines)
    assert not any("systemd-journald" in line for line in lines)


def test_a_host_that_did_not_answer_to_the_end_is_not_touched() -> None:
    (step,) = asked(Found())
    done = run(step)
    assert done.returncode == 1 and "cannot be read" in done.stderr


def test_modes_are_set_and_links_are_left(tmp_path: Path) -> None:
    target, closed, link = tmp_path / "a target", tmp_path / "closed", tmp_path / "link"
    for path in (target, closed):
        path.write_text("")
        path.chmod(0o644)
    link.symlink_to(target)
    words = [f"no-mode {target}", f"640 {closed}", f"600 {link}", f"600 {tmp_path}/gone"]
    finished = run(script(MODES, *words))
    assert (finished.returncode, finished.stderr) == (0, "")
    assert (
        finished.stdout.startswith("refused: ")
        and "no-mode" in finished.stdout
        and "closed" not in finished.stdout
    )
    assert [path.stat().st_mode & 0o777 for path in (target, closed)] == [0o644, 0o640]


@pytest.mark.parametrize(
    ("answer", "told", "goes_on"),
    [
        ((True, "sudo: unable to resolve host"), "", True),
        (
            (True, "sudo: hm\nrefused: kernel.x stays as it is"),
            "WARNING: gpu1: a mode cannot be set here",
            True,
        ),
        ((False, "sudo: no"), "a mode could not be set", False),
        (None, "it does not answer", False),
    ],
)
def test_what_a_host_refuses_is_a_warning(
    monkeypatch: pytest.MonkeyPatch, answer: Any, told: str, goes_on: bool
) -> None:
    heard: list[str] = []
    monkeypatch.setattr(adapter, "command", lambda *_: answer)
    monkeypatch.setattr(adapter, "say", heard.append)
    monkeypatch.setattr(adapter, "complain", lambda _, error: heard.append(str(error)))
    here: Any = SimpleNamespace(name="gpu1")
    assert attempted(here, here, StringCommand("true"), "a mode") is goes_on
    assert told in "".join(heard) and bool(told) == bool(heard)
    assert not told.startswith("WARNING") or ("kernel.x stays" in heard[0] and "off" in heard[0])


def test_nothing_is_applied_where_nothing_changes() -> None:
    after = done(BARE)
    assert list(applied(change(WANTED, after), after)) == []
