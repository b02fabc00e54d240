"""How systemd sees a unit."""

from __future__ import annotations

from pyinfra.api import FactBase, QuoteString, StringCommand
from typing_extensions import override


class UnitProperties(FactBase[dict[str, str]]):
    """Return ActiveState, UnitFileState and ConditionResult of ``unit`` in systemd's words."""

    default = dict

    @override
    def command(self, unit: str) -> StringCommand:
        return StringCommand(
            "systemctl show -p ActiveState,UnitFileState,ConditionResult", QuoteString(unit)
        )

    @override
    def process(self, output: list[str]) -> dict[str, str]:
        return dict(line.partition("=")[::2] for line in output)
