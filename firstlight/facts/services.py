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


class UnitStates(FactBase[dict[str, tuple[str, str]]]):
    """Return (ActiveState, UnitFileState) of each of ``units``."""

    default = dict

    @override
    def command(self, units: tuple[str, ...]) -> StringCommand:
        names = [QuoteString(unit) for unit in units]
        if not names:
            return StringCommand("true")
        # Without the empty lines between units, which not every connector hands on.
        return StringCommand("systemctl show -p Id,ActiveState,UnitFileState", *names, "| grep =")

    @override
    def process(self, output: list[str]) -> dict[str, tuple[str, str]]:
        states: dict[str, tuple[str, str]] = {}
        unit: dict[str, str] = {}
        for line in output:
            key, _, value = line.partition("=")
            if key in unit:  # the next unit begins
                unit = {}
            unit[key] = value
            if len(unit) == 3:
                states[unit["Id"]] = unit["ActiveState"], unit["UnitFileState"]
        return states
