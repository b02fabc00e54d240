"""Alerting rules from the catalogue's tables."""

from __future__ import annotations

import re
from collections.abc import Collection

from firstlight.catalogue.observed import AlertRow, alerts, xids
from firstlight.monitor.rule import Alert, Group

RUNBOOKS = "docs/runbooks"
UNITS = {"s": 1, "m": 60, "h": 3600}


def alert_groups(off: Collection[str] = (), patience: float = 1.0) -> tuple[Group, ...]:
    """Every alert but those in ``off``; each waits ``patience`` times as long as it usually does."""
    return tuple(
        Group(
            f"firstlight-alerts-{group}",
            tuple(_alert(name, row, patience) for name, row in found.items() if name not in off),
        )
        for group, found in alerts().items()
    )


def runbook(name: str) -> str:
    """The page about an alert, relative to the project's root."""
    return f"{RUNBOOKS}/{name}.md"


def seconds(lasts: str) -> int:
    """Seconds of a duration of the catalogue, such as 5m."""
    return int(lasts[:-1]) * UNITS[lasts[-1]]


def expression(row: AlertRow) -> str:
    """The alert's expression with the numbers of XIDs in their places."""
    return re.sub(r"@(\w+)@", lambda found: numbers(found[1]), row.expr)


def numbers(severity: str) -> str:
    """A pattern of the XIDs of ``severity``."""
    return "|".join(str(number) for number, row in xids().items() if row.severity == severity)


def _alert(name: str, row: AlertRow, patience: float) -> Alert:
    notes = {"summary": row.summary, "action": row.action, "runbook": runbook(name)}
    waits = round(seconds(row.lasts) * patience)
    return Alert(name, expression(row), waits, row.severity, notes)
