"""A service of the distribution, running and enabled."""

from __future__ import annotations

from collections.abc import Generator

from pyinfra import host
from pyinfra.api import StringCommand, operation

from firstlight.facts.services import UnitProperties
from firstlight.operations.commands import script


@operation()
def running(unit: str) -> Generator[StringCommand, None, None]:
    """
    Have a unit enabled and started.

    A unit whose own condition kept it from starting (a clock daemon inside a container, where
    the clock is the machine's) is as it shall be.

    + unit: its full name
    """
    have: dict[str, str] = host.get_fact(UnitProperties, unit=unit) or {}
    enabled = have.get("UnitFileState") == "enabled"
    active = have.get("ActiveState") == "active"
    if enabled and (active or have.get("ConditionResult") == "no"):
        host.noop(f"{unit} is enabled and {'active' if active else 'not wanted here'}")
        return
    yield script('systemctl enable --quiet "$1" && systemctl start "$1"', unit)
