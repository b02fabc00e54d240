"""A test alert through the Alertmanager of every monitor, and what became of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from firstlight.errors import FirstlightError
from firstlight.monitor import arrival_program
from firstlight.monitor.alertmanager import FOLDER, TEST_ALERT, UNIT, URL
from firstlight.monitor.seen_site import SeenHost

WAIT = 30
"""Seconds to wait for one receiver; Alertmanager itself tries for about 10."""
SECONDS = 240
"""For all of one monitor."""
FAILED, UNTESTED = 3, 1


class Runs(Protocol):
    """Whoever can run a program on a monitor."""

    def run(self, monitor: str, program: str, seconds: int) -> str: ...


@dataclass(frozen=True)
class Arrival:
    """One receiver: ``got`` the message after ``seconds``, or ``why`` not."""

    monitor: str
    receiver: str
    kind: str
    got: bool
    seconds: float
    why: str


def program(only: Sequence[str], url: str = URL, receivers: str = "") -> str:
    """Return the program for Python's standard input on a monitor.

    ``only`` are the names of the receivers to test; none for all.
    """
    wanted = {
        "url": url,
        "receivers": receivers or f"{FOLDER}/receivers.json",
        "unit": UNIT,
        "alert": TEST_ALERT,
        "only": list(only),
        "wait": WAIT,
    }
    text = Path(arrival_program.__file__).read_text("utf-8")
    # JSON as a literal of ASCII alone: no character of a name can end it.
    return f"{text}\nprint(MARK + json.dumps(test(json.loads({json.dumps(wanted)!a}))))\n"


def parsed(monitor: str, output: str, only: Sequence[str]) -> list[Arrival]:
    """Return what the program said. Raises :class:`FirstlightError` where nothing was tested."""
    mark = arrival_program.MARK
    lines = [line.removeprefix(mark) for line in output.splitlines() if line.startswith(mark)]
    said: dict[str, Any] = json.loads(lines[-1]) if lines else {"error": "it said nothing"}
    what, fix = "no alert was sent", "deploys/monitor.py brings Alertmanager up"
    if "error" in said:
        raise FirstlightError(what, where=monitor, why=said["error"], fix=fix)
    unknown = sorted(set(only) - set(said["known"]))
    if unknown:
        known = ", ".join(said["known"]) or "none"
        why = f"it has no receiver {', '.join(unknown)}"
        raise FirstlightError(what, where=monitor, why=why, fix=f"name one of: {known}")
    if not said["results"]:
        fix = (
            "name who is told: monitor.alerts.receivers (docs/alerting.md), then deploys/monitor.py"
        )
        raise FirstlightError(what, where=monitor, why="nobody is told of any alert", fix=fix)
    return [
        Arrival(
            monitor,
            each["name"],
            each["integration"],
            bool(each["got"]),
            round(float(each["seconds"]), 1),
            each["why"],
        )
        for each in said["results"]
    ]


def monitors_of(hosts: Sequence[SeenHost]) -> list[str]:
    """Return the monitors that tell alerts of any of ``hosts``. Raises where there are none."""
    every = {each.name: each for each in hosts}
    found = dict.fromkeys(name for each in hosts for name in each.monitors)
    tell = [name for name in found if name not in every or not every[name].agent]
    if not tell:
        raise FirstlightError(
            "nobody watches these hosts",
            where=", ".join(each.name for each in hosts[:6]),
            fix='name a host in a group monitor of the inventory: monitor = ["HOST"]',
        )
    return tell


def arrivals(
    runs: Runs, monitors: Sequence[str], only: Sequence[str]
) -> tuple[list[Arrival], list[FirstlightError]]:
    """Test the receivers of all ``monitors``; what was seen, and what could not be looked at."""
    found: list[Arrival] = []
    problems: list[FirstlightError] = []
    for name in monitors:
        try:
            found += parsed(name, runs.run(name, program(only), SECONDS), only)
        except FirstlightError as error:
            problems.append(error)
    return found, problems


def exit_code(found: Sequence[Arrival], problems: Sequence[FirstlightError]) -> int:
    """Return 0 where everybody got it, 3 where somebody did not, 1 where it could not be seen."""
    if any(not each.got for each in found):
        return FAILED
    return UNTESTED if problems else 0
