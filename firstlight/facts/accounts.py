"""Which accounts a host has."""

from __future__ import annotations

from pyinfra.api import FactBase, QuoteString, StringCommand
from typing_extensions import override


class AccountExists(FactBase[bool]):
    """Return whether the host knows the account ``user``."""

    default = bool

    @override
    def command(self, user: str) -> StringCommand:
        return StringCommand("getent passwd", QuoteString(user), "|| true")

    @override
    def process(self, output: list[str]) -> bool:
        return bool(output)
