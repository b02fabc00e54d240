"""The combinations of driver and toolkit that were proven on a host."""

from __future__ import annotations

from pyinfra.api import FactBase, QuoteString, StringCommand
from typing_extensions import override

from firstlight.nvidia import good
from firstlight.nvidia.good import Good


class LastGood(FactBase[list[Good]]):
    """Return the combinations in the file at ``path``, newest first."""

    default = list

    @override
    def command(self, path: str) -> StringCommand:
        return StringCommand("cat", QuoteString(path), "2>/dev/null || true")

    @override
    def process(self, output: list[str]) -> list[Good]:
        return good.parsed("\n".join(output))
