"""An operator's further flags, as the words of a command line."""

from __future__ import annotations

from collections.abc import Mapping


def as_flags(args: Mapping[str, bool | int | float | str]) -> list[str]:
    """Return ``{"threads": 2, "mlock": True}`` as ``["--threads", "2", "--mlock"]``.

    A flag that is False is left out.
    """
    words: list[str] = []
    for name, value in args.items():
        if value is False:
            continue
        words.append(f"--{name}")
        if value is not True:
            words.append(str(value))
    return words
