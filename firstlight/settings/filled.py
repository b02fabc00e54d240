"""Defaults laid under what is given."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def filled(given: Mapping[Any, object], defaults: Mapping[str, object]) -> dict[str, object]:
    """``given`` with ``defaults`` where it has nothing or ``None``."""
    out = dict(given)
    for key, value in defaults.items():
        if out.get(key) is None:
            out[key] = value
    return out
