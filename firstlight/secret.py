"""A value that never shows itself by accident."""

from __future__ import annotations

import re

_SECRET = re.compile(
    r"^(hf_|sk-|fl_|gh[pousr]_|glpat-|Bearer )|://[^/]*@|PRIVATE KEY|[A-Za-z0-9_+]{32}"
)
_PUBLIC = re.compile(r"\bsha256:[0-9a-fA-F]+|\b[0-9a-f]{40}\b")
"""Digests and commits are as long as secrets and meant to be shown."""


class Secret:
    """A secret text whose ``repr``, ``str`` and formatting are ``***``.

    The text leaves only through :meth:`reveal`, so every place that uses it can be found.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the secret text itself."""
        return self._text

    def __repr__(self) -> str:
        return "***"

    def __format__(self, spec: str) -> str:
        return format("***", spec)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(("Secret", self._text))

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError("a Secret is not pickled: the copy would lie in clear text")


def revealed(text: str | Secret) -> str:
    """Return ``text`` itself, secret or not: to hash it or to send it where it belongs."""
    return text.reveal() if isinstance(text, Secret) else text


def may_be_secret(value: str) -> bool:
    """Whether ``value`` looks like a token, a key or a URL with a password."""
    return bool(_SECRET.search(_PUBLIC.sub("", value)))
