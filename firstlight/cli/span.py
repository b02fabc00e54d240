"""A length of time on the command line: 45s, 90m, 12h, 30d, 2w."""

from __future__ import annotations

import re

import click

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_LONGEST = 100 * 365 * 86400


def span(text: str) -> int:
    """Return the seconds of a text such as ``30d``: at least one.

    Raises :class:`click.BadParameter` for anything but a whole number with a unit.
    """
    seconds = span_or_none(text)
    if seconds == 0:
        raise click.BadParameter("a time of 0 is none at all")
    return seconds


def span_or_none(text: str) -> int:
    """Return the seconds of a text such as ``30d`` or ``0s``. Raises like :func:`span`."""
    found = re.fullmatch(r"([0-9]{1,9})([smhdw])", text)
    seconds = int(found[1]) * _UNITS[found[2]] if found else -1
    if not 0 <= seconds <= _LONGEST:
        raise click.BadParameter("a time is a number with a unit: 45s, 90m, 12h, 30d, 2w")
    return seconds
