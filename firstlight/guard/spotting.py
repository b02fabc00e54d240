"""Cheap signs that a text may hold an entity, so that most texts need no analysis at all.

A recognizer of phone numbers takes ten milliseconds for a line; that a line without a digit holds
none is seen in a microsecond. Each sign is necessary for its kind, never sufficient.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

DIGIT = re.compile(r"\d")
TELLING = re.compile(r"[\d@]|:[^:]*:")
"""What every entity of the kinds in SIGNS contains."""


def _digits(least: int) -> Callable[[str], bool]:
    return lambda text: len(DIGIT.findall(text)) >= least


def _address(text: str) -> bool:
    return text.count(".") >= 3 or text.count(":") >= 2


SIGNS: dict[str, Callable[[str], bool]] = {
    "EMAIL_ADDRESS": lambda text: "@" in text,
    "PHONE_NUMBER": _digits(7),
    "CREDIT_CARD": _digits(12),
    "IBAN_CODE": _digits(6),
    "US_SSN": _digits(9),
    "IP_ADDRESS": _address,
}
"""By kind: whether a text can hold one. Kinds that are not here are always looked for."""


def possible(text: str, kinds: Iterable[str]) -> list[str]:
    """Return those of ``kinds`` that ``text`` may hold."""
    return [kind for kind in kinds if kind not in SIGNS or SIGNS[kind](text)]
