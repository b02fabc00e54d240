"""Command lines as the documented programs read them: a flag that they do not have is an error.

A ``.flags`` file has one flag a line: its name, what follows (``=`` a value, ``?`` perhaps one,
``+`` one or more, ``3`` three of them, nothing: a switch), and a short form after a blank.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path

COUNTS: dict[str, str | int] = {"?": "?", "+": "+", "*": "*", "3": 3}


def read(
    program: str, words: Sequence[str], environment: bool = False
) -> dict[str, list[list[str]]]:
    """The flags of ``words``, each with what followed it every time it was given.

    With ``environment`` the variable NAME_OF_FLAG stands for a flag that is not given. Exits
    with 2 and argparse's words on stderr for a flag the program does not have.
    """
    parser = argparse.ArgumentParser(prog=program, allow_abbrev=False)
    lines = Path(__file__).with_name(f"{program}.flags").read_text(encoding="utf-8").splitlines()
    names = []
    for line in lines:
        if not line or line.startswith("#"):
            continue
        long, _, short = line.partition(" ")
        name = long[:-1] if long[-1] in "=?+*3" else long
        forms = [f"--{name}", *([f"-{short}"] if short else [])]
        names.append(name)
        if long == name:
            parser.add_argument(*forms, dest=name, action="append_const", const=[])
        else:
            parser.add_argument(
                *forms, dest=name, action="append", nargs=COUNTS.get(long[-1], 1), metavar="VALUE"
            )
    found: dict[str, list[list[str]]] = vars(parser.parse_args(words))
    given = {name: value for name, value in found.items() if value is not None}
    if environment:
        for name in names:
            value = os.environ.get(name.upper().replace("-", "_"))
            if value is not None:
                given.setdefault(name, [[value]])
    return given


def last(given: dict[str, list[list[str]]], *names: str, default: str = "") -> str:
    """The value of the first of ``names`` that was given, the last time it was."""
    for name in names:
        if name in given and given[name][-1]:
            return given[name][-1][0]
    return default
