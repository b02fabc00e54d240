"""Cases of alerts, one file for each group: what is measured, and what is told of it."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from firstlight.catalogue.observed import ALERT_GROUPS, AlertRow, alerts
from firstlight.monitor.alert_rules import runbook
from tests.monitor.promtool import series

FOLDER = Path(__file__).resolve().parent / "cases"


def cases(group: str) -> dict[str, list[dict[str, Any]]]:
    """The cases of a group of alerts, by the alerts' names."""
    return tomllib.loads((FOLDER / f"{group}.toml").read_text("utf-8"))


def every() -> dict[str, list[dict[str, Any]]]:
    """All cases by alert."""
    return {name: found for group in ALERT_GROUPS for name, found in cases(group).items()}


def judgement(group: str, name: str) -> list[dict[str, Any]]:
    """The cases of an alert as promtool has them."""
    return [_test(alerts()[group][name], name, case) for case in cases(group)[name]]


def _test(row: AlertRow, name: str, case: dict[str, Any]) -> dict[str, Any]:
    notes = {"summary": case.get("summary"), "action": row.action, "runbook": runbook(name)}
    labels = {"severity": row.severity, **case.get("told", {})}
    told = [{"exp_labels": labels, "exp_annotations": notes}] if "summary" in case else []
    return {
        "name": f"{name}: {case.get('says', 'as usual')}",
        "interval": "1m",
        "input_series": [series(line) for line in case["series"]],
        "alert_rule_test": [{"eval_time": case["at"], "alertname": name, "exp_alerts": told}],
    }
