"""Units that send and take journals: on as they shall be, and gone where they are not wanted."""

from __future__ import annotations

import pytest

from firstlight.facts.files import PathState, PathStates
from firstlight.facts.logs import LogUnit, LogUnits
from firstlight.operations.logs import differing, leaving, moving, retired
from tests.operations.play import commands, converged

TO, SOCKET = "firstlight-logs-to-mon1.service", "firstlight-logs-in@gpu1.socket"
SERVICE, TIMER = "firstlight-logs-in@gpu1.service", "firstlight-logs-keep.timer"
WANTED = {TO: "s1", SOCKET: "s2", TIMER: ""}
RIGHT = {
    TO: LogUnit(True, "s1"),
    SOCKET: LogUnit(True),
    SERVICE: LogUnit(True, "s2"),
    TIMER: LogUnit(True),
    "firstlight-logs-keep.service": LogUnit(False),
}


def test_what_is_right_is_left_alone() -> None:
    assert converged(moving, {LogUnits: RIGHT}, wanted=WANTED)
    silent = {name: unit for name, unit in RIGHT.items() if name != SERVICE}
    assert converged(moving, {LogUnits: silent}, wanted=WANTED)
    assert converged(retired, {LogUnits: {}}, paths=("/etc/firstlight/logs",))


@pytest.mark.parametrize(
    ("name", "unit", "started"),
    [
        (TO, LogUnit(False, "s1"), TO),
        (TO, LogUnit(True, "s0"), TO),
        (TO, LogUnit(True, "s1", stale=True), TO),
        (SERVICE, LogUnit(True, "s0"), SOCKET),
        (SOCKET, LogUnit(False), SOCKET),
        (TIMER, LogUnit(True, stale=True), TIMER),
    ],
)
def test_what_differs_is_started_again(name: str, unit: LogUnit, started: str) -> None:
    have = {**RIGHT, name: unit}
    assert differing(WANTED, have) == [started]
    ((command, *more), _) = commands(moving, {LogUnits: have}, wanted=WANTED)[:2]
    assert started in str(command) and not more


def test_what_is_not_wanted_goes_first() -> None:
    assert leaving(WANTED, RIGHT) == []
    assert leaving({TO: "s1"}, RIGHT) == [
        SOCKET, SERVICE, TIMER, "firstlight-logs-keep.service",
    ]  # fmt: skip
    assert len(commands(retired, {LogUnits: RIGHT}, paths=("/etc/firstlight/logs",))[0]) == 2


def test_what_a_run_that_was_cut_off_left_goes_too() -> None:
    folder = "/etc/firstlight/logs"
    facts = {LogUnits: {}, PathStates: {folder: PathState("directory", "755", "root", "root", "-")}}
    ((command,), _) = commands(retired, facts, paths=(folder,))[:2]
    assert folder in str(command) and "rm -rf" in str(command)


def test_what_the_host_says() -> None:
    said = [
        f"{TO} s1 activating enabled no",
        f"{SOCKET} - active enabled no",
        f"{SERVICE} s2 active static no",
        f"{TIMER} - inactive disabled yes",
        "read=yes",
    ]
    assert LogUnits().process(said) == {
        TO: LogUnit(True, "s1"),
        SOCKET: LogUnit(True),
        SERVICE: LogUnit(True, "s2"),
        TIMER: LogUnit(False, stale=True),
    }
