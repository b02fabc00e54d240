"""The time that a report is about. All of it is UTC."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime

from firstlight.errors import FirstlightError

POINTS = 240
"""At most so many values stand in a plot: more than its pixels would show nothing more."""
# Below two measurements there may be none in a window.
LEAST_WINDOW = 60
LONGEST = 400 * 86400
_FORMS = "2026-11-21, 2026-11-21T08:30, 2026-11-21T08:30:00+01:00"


@dataclass(frozen=True)
class Period:
    """From ``start`` to ``end`` (Unix times), seen in steps of ``step`` seconds."""

    start: float
    end: float
    step: int

    @property
    def seconds(self) -> float:
        """Its length."""
        return self.end - self.start

    @property
    def window(self) -> int:
        """Seconds over which each value of a plot is taken: a step, so that no peak falls between."""
        return max(self.step, LEAST_WINDOW)

    def filled(self, expression: str) -> str:
        """Return a PromQL expression with its lengths of time filled in.

        ``$w`` is the window of one value, ``$r`` the whole time, ``$s`` the step.
        """
        # A second less than all: Prometheus 2 takes the first moment of a range as well, 3 does not.
        whole = self.seconds - 1
        for sign, seconds in (("$w", self.window), ("$r", whole), ("$s", self.step)):
            expression = expression.replace(sign, f"{math.ceil(seconds)}s")
        return expression


def period(start: float, end: float, interval: float, now: float) -> Period:
    """Return the time from ``start`` to ``end``; what is still to come is left out.

    Raises :class:`FirstlightError` for a time that nothing can be said of.
    """
    end = min(end, now)
    where = "--from, --to"
    if start >= end:
        why = f"it goes from {shown(start)} to {shown(end)}"
        raise FirstlightError("this is no stretch of time that has passed", where=where, why=why)
    if end - start > LONGEST:
        days = LONGEST // 86400
        raise FirstlightError("a report is about 400 days at most", where=where, fix=f"{days}d")
    if end - start < 2 * LEAST_WINDOW:
        fix = "--last 1h"
        raise FirstlightError("two minutes are the least to report on", where=where, fix=fix)
    step = max(math.ceil((end - start) / POINTS), math.ceil(interval))
    return Period(start, end, step)


def moment(text: str, now: float) -> float:
    """Return the Unix time of an ISO 8601 text or ``now``; without a zone it is UTC.

    Raises :class:`FirstlightError` where it is none.
    """
    if text == "now":
        return now
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise FirstlightError(
            "this is no time", where=text, why="times are ISO 8601, in UTC", fix=_FORMS
        ) from None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


def shown(value: float) -> str:
    """Return a time as the report writes it."""
    return datetime.fromtimestamp(value, UTC).strftime("%Y-%m-%d %H:%M UTC")
