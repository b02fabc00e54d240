"""From a monitor's answers to the alerts that fire, and who silenced them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from firstlight.monitor.query import Answers
from firstlight.status.stack import Alert, Number, Silence

ALWAYS = "Watchdog"
"""Fires for as long as alerts get out at all: no news for anybody."""
_RANK = {"critical": 0, "warning": 1, "info": 2}
# They are the monitor's own, and differ from monitor to monitor.
_OWN = ("alertname", "monitor", "site")
# How Alertmanager's matchers are written; the keys are (isEqual, isRegex).
_SIGNS = {(True, False): "=", (False, False): "!=", (True, True): "=~", (False, True): "!~"}


def firing(answers: Answers, names: Collection[str], whole: bool) -> tuple[Alert, ...]:
    """Return the alerts of hosts with these names, with ``whole`` also those of no host; worst first."""
    said: Any = answers.said("alerts")
    data = said.get("data") if isinstance(said, dict) else None
    known = silences_by_id(answers)
    by_labels = {key(each.get("labels", {})): each for each in listed(answers, "notified")}
    found = []
    for each in data.get("alerts", []) if isinstance(data, dict) else []:
        labels = {str(name): str(value) for name, value in each.get("labels", {}).items()}
        of = labels.get("instance", "")
        if each.get("state") != "firing" or labels.get("alertname") == ALWAYS:
            continue
        if of in names or (whole and not of):
            notified = by_labels.get(key(labels), {})
            ids = notified.get("status", {}).get("silencedBy", [])
            found.append(alert(each, labels, [known[id_] for id_ in ids if id_ in known]))
    return tuple(sorted(found, key=order))


def order(each: Alert) -> tuple[object, ...]:
    """What somebody has to come for first, then the oldest."""
    return bool(each.silenced), _RANK.get(each.severity, 3), each.since or 0, each.name, each.host


def alert(said: Mapping[str, Any], labels: dict[str, str], silenced: Iterable[Silence]) -> Alert:
    """Return one alert as Prometheus' API says it."""
    notes = {str(name): str(value) for name, value in said.get("annotations", {}).items()}
    return Alert(
        severity=labels.get("severity", ""),
        name=labels.get("alertname", ""),
        host=labels.get("instance", ""),
        since=moment(said.get("activeAt")),
        summary=notes.get("summary", ""),
        action=notes.get("action", ""),
        runbook=notes.get("runbook", ""),
        silenced="; ".join(described(each) for each in silenced),
        labels=tuple(sorted((k, v) for k, v in labels.items() if k not in _OWN)),
    )


def described(each: Silence) -> str:
    """Return who silenced it, why, and until when."""
    end = (
        "" if each.until is None else f" until {datetime.fromtimestamp(each.until, UTC):%H:%M} UTC"
    )
    return f"by {each.by or 'somebody'}{end}" + (f": {each.comment}" if each.comment else "")


def key(labels: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Return what Prometheus and Alertmanager know the same alert by: the latter has external labels."""
    pairs = ((str(k), str(v)) for k, v in labels.items() if k not in ("monitor", "site"))
    return tuple(sorted(pairs))


def silences(answers: Answers) -> tuple[Silence, ...]:
    """Return the silences that are in force."""
    return tuple(silences_by_id(answers).values())


def silences_by_id(answers: Answers) -> dict[str, Silence]:
    """Return them by Alertmanager's id."""
    return {
        str(each.get("id")): Silence(
            matchers=" ".join(matcher(each) for each in each.get("matchers", [])),
            by=str(each.get("createdBy", "")),
            comment=str(each.get("comment", "")),
            until=moment(each.get("endsAt")),
        )
        for each in listed(answers, "silences")
        if each.get("status", {}).get("state") == "active"
    }


def matcher(said: Mapping[str, Any]) -> str:
    """Return a matcher as people write it."""
    sign = _SIGNS[bool(said.get("isEqual", True)), bool(said.get("isRegex"))]
    return f'{said.get("name")}{sign}"{said.get("value")}"'


def listed(answers: Answers, name: str) -> list[Mapping[str, Any]]:
    """Return a list that Alertmanager answered; empty where it did not."""
    said = answers.said(name)
    return [each for each in said if isinstance(each, dict)] if isinstance(said, list) else []


def moment(text: Any) -> Number:
    """Return the Unix time of a time as both APIs write it (RFC 3339); None where it is none."""
    try:
        return datetime.fromisoformat(str(text)).timestamp()
    except ValueError:
        return None
