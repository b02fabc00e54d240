"""What a monitor is asked, and what it answered."""

from __future__ import annotations

import base64
import json
import math
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from firstlight.monitor import query_program

PORTS = {"prometheus": 9090, "alertmanager": 9093}
"""Where both listen, on the loopback of every monitor."""
SECONDS = 20
"""For all questions of one call, on the monitor."""
_MOST = 2000


@dataclass(frozen=True)
class Ask:
    """One question: ``path`` of a daemon's API. Of a query's series ``keep`` are wanted, 0: as it is."""

    path: str
    fields: Mapping[str, str] = field(default_factory=dict)
    end: str = "prometheus"
    keep: int = 0


def now(expression: str, keep: int = _MOST) -> Ask:
    """Ask for the values of a PromQL expression now."""
    return Ask("/api/v1/query", {"query": expression}, keep=keep)


def at(expression: str, moment: float, keep: int = _MOST) -> Ask:
    """Ask for its values at a Unix time."""
    return Ask("/api/v1/query", {"query": expression, "time": f"{moment:.3f}"}, keep=keep)


def over(expression: str, start: float, end: float, step: float, keep: int) -> Ask:
    """Ask for its values from ``start`` to ``end``, one every ``step`` seconds."""
    fields = {"query": expression, "start": f"{start:.3f}", "end": f"{end:.3f}"}
    return Ask("/api/v1/query_range", {**fields, "step": f"{step:.3f}"}, keep=keep)


def program(
    asked: Mapping[str, Ask], seconds: int = SECONDS, ports: Mapping[str, int] = PORTS
) -> str:
    """Return the text of the program that asks all of it, for Python's standard input on a monitor."""
    wanted = {
        "seconds": seconds,
        "ports": dict(ports),
        "asked": {
            name: [each.end, each.path, dict(each.fields), each.keep]
            for name, each in asked.items()
        },
    }
    text = Path(query_program.__file__).read_text("utf-8")
    # JSON as a literal of ASCII alone: no character of a query can end it.
    return f"{text}\nprint(told(replies(json.loads({json.dumps(wanted)!a}))))\n"


@dataclass(frozen=True)
class Series:
    """Values of one series: ``points`` are pairs of Unix time and value; an instant query has one."""

    labels: Mapping[str, str]
    points: tuple[tuple[float, float], ...]

    @property
    def value(self) -> float | None:
        """The last value; None where it is no number."""
        last = self.points[-1][1] if self.points else math.nan
        return None if math.isnan(last) else last


@dataclass(frozen=True)
class Answers:
    """Everything a monitor answered to one call. ``clock`` is its Unix time."""

    clock: float
    found: Mapping[str, Mapping[str, Any]]

    def series(self, name: str) -> list[Series]:
        """Return the series of a query; none where there are none or it failed."""
        said = self.found.get(name, {}).get("said")
        return [series(each) for each in said] if isinstance(said, list) else []

    def left(self, name: str) -> int:
        """Return how many more series there were than were kept."""
        return int(self.found.get(name, {}).get("left", 0))

    def said(self, name: str) -> Any:
        """Return what was answered, as it is; None where nothing was."""
        return self.found.get(name, {}).get("said")

    def error(self, name: str) -> str:
        """Return why a question has no answer; empty where it has one."""
        return str(self.found.get(name, {}).get("error", ""))

    def number(self, name: str) -> float | None:
        """Return the value of a query's first series."""
        found = self.series(name)
        return found[0].value if found else None


def series(said: Mapping[str, Any]) -> Series:
    """Return a series as Prometheus' API says it."""
    points = said.get("values") or [said["value"]]
    labels = {str(key): str(value) for key, value in said.get("metric", {}).items()}
    return Series(labels, tuple((float(at), float(text)) for at, text in points))


def parsed(output: str) -> Answers | None:
    """Return what the program printed; None where it is not there, or not whole."""
    mark = query_program.MARK
    lines = [line.removeprefix(mark) for line in output.splitlines() if line.startswith(mark)]
    try:
        said = json.loads(zlib.decompress(base64.b64decode("".join(lines), validate=True)))
        return Answers(float(said["clock"]), said["answers"])
    except (ValueError, KeyError, TypeError, zlib.error):
        return None
