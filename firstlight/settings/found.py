"""How a value that was found in an inventory is shown: short, printable, never a secret."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from firstlight.secret import may_be_secret

_LONGEST = 60
_LONGEST_NUMBER = 2**128
"""Beyond this a number is described: Python itself refuses to print very long ones."""


def shown(value: object) -> str:
    """``value`` as it can be printed in an error."""
    if value is None or isinstance(value, (bool, float)):
        return str(value)
    if isinstance(value, int):
        return str(int(value)) if abs(value) < _LONGEST_NUMBER else "a very long number"
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, Collection) and not isinstance(value, (bytes, bytearray)):
        return f"a {type(value).__name__}"
    return f"an object of type {type(value).__name__}"


def _text(value: str) -> str:
    if may_be_secret(value):
        return f"a text of {len(value)} characters (not shown: it may be a secret)"
    start = "".join(map(_printable, value[:_LONGEST]))
    return f'"{start}"' if len(value) <= _LONGEST else f'"{start}…"'


def _printable(character: str) -> str:
    escaped = character.encode("unicode_escape", "surrogatepass").decode()
    return character if character.isprintable() else escaped
