"""A service of the distribution, running and enabled."""

from __future__ import annotations

from collections.abc import Generator, Sequence

from pyinfra import host
from pyinfra.api import StringCommand, operation

from firstlight.errors import FirstlightError
from firstlight.facts.services import UnitProperties, UnitStates
from firstlight.manifest import recorded
from firstlight.operations.commands import explained, script

START = recorded(
    r"""
for unit in "$@"; do
  noted "unit $unit"
  systemctl enable --quiet "$unit"
  systemctl reset-failed "$unit" 2>/dev/null
  systemctl start "$unit" || { systemctl status --no-pager -n 12 "$unit" >&2; exit 1; }
done
"""
)
ENABLE = recorded('noted "unit $1"; systemctl enable --quiet "$1" && systemctl start "$1"')


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
    yield script(ENABLE, unit)


@operation()
def all_running(units: Sequence[str]) -> Generator[StringCommand, None, None]:
    """
    Have units enabled and started, in this order.

    + units: their full names
    """
    states: dict[str, tuple[str, str]] = host.get_fact(UnitStates, units=tuple(units)) or {}
    # A static unit is started by what needs it and cannot be enabled.
    up = {("active", "enabled"), ("active", "static")}
    down = [unit for unit in units if states.get(unit) not in up]
    if not down:
        host.noop(f"{len(units)} units are enabled and active")
        return
    yield explained(
        script(START, *down),
        FirstlightError(
            f"services do not run: {', '.join(down)}",
            where=host.name,
            why="systemd's own words stand above",
            fix="see journalctl -u NAME on the host, then run again",
        ),
    )
