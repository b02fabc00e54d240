"""Words of a command line, as systemd reads them in ``ExecStart=``."""

from __future__ import annotations

import re
from collections.abc import Sequence

PLAIN = re.compile(r"[A-Za-z0-9_./:=@,+-]+")


def exec_word(word: str) -> str:
    """Quote one word: systemd expands ``%`` and ``$`` even inside quotes."""
    text = word.replace("%", "%%").replace("$", "$$")
    if PLAIN.fullmatch(text):
        return text
    # systemd takes a carriage return for the end of a line, too.
    for character, escape in (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n"), ("\r", "\\r")):
        text = text.replace(character, escape)
    return f'"{text}"'


def exec_line(words: Sequence[str]) -> str:
    """Return ``words`` as the value of ``ExecStart=``, one option a line."""
    lines: list[str] = []
    for position, word in enumerate(words):
        starts_option = word.startswith("-") and position > 1
        separator = " \\\n  " if starts_option else " "
        lines.append((separator if lines else "") + exec_word(word))
    return "".join(lines)
