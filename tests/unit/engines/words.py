"""The value of ``ExecStart=`` read as systemd.service(5) and systemd.syntax(7) document it."""

from __future__ import annotations

import re

ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "a": "\a", "b": "\b", "f": "\f", "v": "\v", "s": " "}


def logical_line(text: str) -> str:
    """Join continued lines: a backslash at a line's end is read as a space."""
    lines = re.split(r"\r\n|\n\r|\r|\n", text)
    assert all(line.endswith("\\") for line in lines[:-1]), f"the value ends early: {lines}"
    # In a continuation a line that begins with # or ; is a comment.
    assert not any(re.match(r"\s*[#;]", line) for line in lines[1:])
    return " ".join([*(line[:-1] for line in lines[:-1]), lines[-1]])


def split(text: str) -> list[str]:
    """Return the words: quotes taken off, C escapes, ``%%`` and ``$$`` read."""
    line, words, at = logical_line(text), [], 0
    while at < len(line):
        if line[at].isspace():
            at += 1
            continue
        word, at = read(line, at)
        assert not re.search(r"(?<!%)(%%)*%(?!%)", word), f"a specifier would be expanded: {word}"
        word = word.replace("%%", "%")
        assert not re.search(r"(?<!\$)(\$\$)*\$(?!\$)", word), f"a variable, expanded: {word}"
        words.append(word.replace("$$", "$"))
    return words


def read(line: str, at: int) -> tuple[str, int]:
    """Read one word that begins at ``at``; return it and where it ends."""
    word, quote = "", ""
    while at < len(line) and (quote or not line[at].isspace()):
        char = line[at]
        if char == "\\":
            at += 1
            word += ESCAPES.get(line[at], line[at])
        elif quote:
            quote, word = ("", word) if char == quote else (quote, word + char)
        elif char in "\"'":
            quote = char
        else:
            word += char
        at += 1
    assert not quote, f"a quote is not closed: {line}"
    return word, at
