"""The note that firstlight leaves before it reboots a host."""

from __future__ import annotations

from pyinfra.api import FactBase, QuoteString, StringCommand
from typing_extensions import override


class RebootAsked(FactBase[tuple[str, str]]):
    """Return the boot in which a reboot was asked for, and for which driver; empty: none was."""

    @staticmethod
    @override
    def default() -> tuple[str, str]:
        return "", ""

    @override
    def command(self, path: str) -> StringCommand:
        return StringCommand("cat", QuoteString(path), "2>/dev/null || true")

    @override
    def process(self, output: list[str]) -> tuple[str, str]:
        boot, _, version = (output[0] if output else "").partition(" ")
        return boot, version.strip()
