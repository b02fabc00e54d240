"""The mark of the last run on a host."""

from __future__ import annotations

import json

from pyinfra.api import FactBase, QuoteString, StringCommand
from typing_extensions import override


class LastRunResult(FactBase[str]):
    """Return how the last marked run ended (``running``, ``ok``, ``failed``); empty: none was."""

    default = str

    @override
    def command(self, path: str) -> StringCommand:
        return StringCommand("cat", QuoteString(path), "2>/dev/null || true")

    @override
    def process(self, output: list[str]) -> str:
        try:
            found = json.loads("\n".join(output))
        except ValueError:
            return ""
        return str(found.get("result", "")) if isinstance(found, dict) else ""
