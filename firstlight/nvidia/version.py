"""Versions of drivers and toolkits, compared by their numbers."""

from __future__ import annotations

import re


def numbers(version: str) -> tuple[int, ...]:
    """Return a version as its numbers: ``580.178.04`` is ``(580, 178, 4)``; nothing is ``()``."""
    return tuple(int(part) for part in re.findall(r"\d+", version))


def branch_of(version: str) -> int:
    """Return the branch of a driver's version, 0 where there is none."""
    return numbers(version)[0] if numbers(version) else 0


def is_below(version: str, floor: str) -> bool:
    """Tell whether ``version`` is older than ``floor``; nothing is below an empty floor."""
    return bool(floor) and numbers(version) < numbers(floor)
