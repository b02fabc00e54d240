"""A stack as programs read it: JSON of a stable schema, which stands in docs/status.md."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any

from firstlight import __version__
from firstlight.errors import FirstlightError
from firstlight.status.stack import Stack

SCHEMA = 1
PARTS = ("monitors", "hosts", "gpus", "models", "replicas", "alerts", "silences")


def as_json(stack: Stack) -> dict[str, Any]:
    """Return everything of a stack; what nobody knows is null."""
    parts = {name: [plain(asdict(each)) for each in getattr(stack, name)] for name in PARTS}
    for each in parts["alerts"]:
        each["labels"] = dict(each["labels"])
    return {
        "schema": SCHEMA,
        "firstlight": __version__,
        "site": stack.site,
        "currency": stack.currency,
        "time": stack.time,
        "exit": stack.exit_code,
        "complete": not stack.problems,
        "problems": [problem(each) for each in stack.problems],
        "notices": list(stack.notices),
        **parts,
    }


def failed(error: FirstlightError) -> dict[str, Any]:
    """Return what stands in its place where nothing could be looked at."""
    return {
        "schema": SCHEMA,
        "firstlight": __version__,
        "exit": 1,
        "complete": False,
        "problems": [problem(error)],
    }


def problem(error: FirstlightError) -> dict[str, str]:
    """Return an error in its four parts."""
    return {"where": error.where, "what": error.what, "why": error.why, "fix": error.fix}


def plain(value: Any) -> Any:
    """Return ``value`` without numbers that JSON has not: infinite ones are not known."""
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
