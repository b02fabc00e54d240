"""Modes of files: what they allow at most, and which allow more."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase

from firstlight.catalogue.controls import Control
from firstlight.hardening.found import Found


def too_open(controls: Iterable[Control], found: Found) -> dict[str, tuple[str, int]]:
    """By path: the control that it is against, and the mode that it is to have.

    Bits are only taken away: a file that its owner closed further stays as it is.
    """
    wrong: dict[str, tuple[str, int]] = {}
    for control in controls:
        for pattern, most in control.modes.items():
            allowed = int(most, 8)
            for path, mode in found.modes.items():
                if _matches(path, pattern) and mode & ~allowed & 0o7777:
                    wrong[path] = control.id, mode & allowed
    return wrong


def _matches(path: str, pattern: str) -> bool:
    """A star stands for one name: it does not go into folders."""
    return fnmatchcase(path, pattern) and path.count("/") == pattern.count("/")
