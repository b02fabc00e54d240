"""The receipt of a run: what serves on a host, and how long it took to get there."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

PATH = "/var/lib/firstlight/receipt.json"
SCHEMA = 1

# What says when and how fast, not what serves: it does not make two receipts differ.
TIMING = ("finished", "phases", "seconds", "first_token_seconds", "ssh")


def same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Tell whether two receipts describe the same thing serving."""
    return stable(one) == stable(other)


def stable(receipt: Mapping[str, Any]) -> dict[str, Any]:
    """Return the part of a receipt that changes only when what serves changes."""
    return {key: value for key, value in receipt.items() if key not in TIMING}


def as_text(receipt: Mapping[str, Any]) -> str:
    """Return the file's text."""
    return json.dumps(receipt, indent=2, sort_keys=True) + "\n"


def parsed(text: str | None) -> dict[str, Any]:
    """Return the receipt in ``text``; a torn or missing one is empty."""
    try:
        found = json.loads(text or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
