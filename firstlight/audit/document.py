"""Findings as programs read them: JSON of a stable schema, and SARIF 2.1.0."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import asdict
from typing import Any

from firstlight import __version__
from firstlight.audit.command import Audit
from firstlight.audit.finding import LEVELS, Finding
from firstlight.catalogue.controls import controls

SCHEMA = 1
CLEAN, NOT_DONE, FOUND = 0, 1, 3
SARIF_LEVELS = {"fail": "error", "warn": "warning", "note": "note", "off": "none"}
SARIF_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def exit_code(audit: Audit, strict: bool) -> int:
    """Return 0 clean, 1 not everything could be looked at, 3 something is not as declared.

    What was found counts more than what could not be looked at: both are in the report.
    """
    bad = ("fail", "warn") if strict else ("fail",)
    if any(each.level in bad for each in audit.findings):
        return FOUND
    return NOT_DONE if audit.problems else CLEAN


def as_json(audit: Audit, strict: bool) -> dict[str, Any]:
    """Return the whole report; its schema stands in docs/audit.md."""
    counts = Counter(each.level for each in audit.findings)
    return {
        "schema": SCHEMA,
        "firstlight": __version__,
        "inventory": audit.asked.inventory,
        "seconds": round(audit.seconds, 1),
        "exit": exit_code(audit, strict),
        "complete": not audit.problems,
        "counts": {level: counts[level] for level in LEVELS},
        "problems": [
            {"host": each.where, "what": each.what, "why": each.why, "fix": each.fix}
            for each in audit.problems
        ],
        "hosts": [
            {
                "host": name,
                "openings": [asdict(each) for each in one.openings],
                "listeners": [asdict(each) for each in one.listeners],
                "seen": [asdict(each) for each in audit.seen if each.host == name],
                "findings": [finding(each) for each in audit.of(name)],
            }
            for name, one in audit.looked.items()
        ],
    }


def finding(each: Finding) -> dict[str, Any]:
    """Return a finding with what its control is about."""
    control = controls().get(each.control)
    return {**asdict(each), "title": control.title if control else each.control}


def sarif(audit: Audit, strict: bool) -> dict[str, Any]:
    """Return the report for those who collect findings of many tools."""
    used = sorted({each.control for each in audit.findings})
    return {
        "$schema": SARIF_SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "firstlight audit",
                        "semanticVersion": __version__,
                        "rules": [rule(each) for each in used],
                    }
                },
                "invocations": [
                    {
                        "executionSuccessful": not audit.problems,
                        "exitCode": exit_code(audit, strict),
                        "toolExecutionNotifications": [
                            {"level": "error", "message": {"text": str(each)}}
                            for each in audit.problems
                        ],
                    }
                ],
                "results": [result(each, used) for each in audit.findings],
            }
        ],
    }


def rule(name: str) -> dict[str, Any]:
    """Return a control as a SARIF rule."""
    control = controls().get(name)
    title, why = (control.title, control.why) if control else (name, name)
    return {
        "id": name,
        "shortDescription": {"text": title},
        "fullDescription": {"text": f"{title}: {why}"},
        "help": {"text": f"{why}. docs/audit.md says what is looked at and how it is mended."},
    }


def result(each: Finding, used: list[str]) -> dict[str, Any]:
    """Return a finding as a SARIF result."""
    parts = (each.what, each.why and f"Why: {each.why}.", each.fix and f"Fix: {each.fix}")
    mark = hashlib.sha256(f"{each.control}\n{each.host}\n{each.what}".encode()).hexdigest()
    found: dict[str, Any] = {
        "ruleId": each.control,
        "ruleIndex": used.index(each.control),
        "level": SARIF_LEVELS[each.level],
        "message": {"text": "\n".join(part for part in parts if part)},
        "locations": [
            {
                "logicalLocations": [
                    {"name": each.host, "fullyQualifiedName": each.host, "kind": "resource"}
                ]
            }
        ],
        "partialFingerprints": {"firstlight/v1": mark},
    }
    if each.level == "off":
        found["kind"] = "notApplicable"
        found["suppressions"] = [{"kind": "external", "justification": each.why}]
    return found
