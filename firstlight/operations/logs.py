"""Journals on their way to the monitors: what sends and takes them runs, or is gone."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence

from pyinfra import host
from pyinfra.api import StringCommand, operation

from firstlight.errors import FirstlightError
from firstlight.facts.files import PathState, PathStates
from firstlight.facts.logs import LogUnit, LogUnits
from firstlight.manifest import recorded
from firstlight.operations.commands import explained, script

PREFIX = "firstlight-logs-"

# A socket's service would go on with what it was started with, and comes again when it is asked.
START = recorded(
    r"""
systemctl daemon-reload
for unit in "$@"; do
  noted "unit $unit"
  systemctl enable --quiet "$unit"; systemctl reset-failed "$unit" 2>/dev/null || true
  case $unit in *.socket) systemctl stop "${unit%.socket}.service" 2>/dev/null || true ;; esac
  systemctl restart "$unit" || { journalctl -q -u "$unit" -n 8 --no-pager -o cat >&2; exit 1; }
done
"""
)
# Stopped while systemd still knows what they are: only then does it clear up after them.
RETIRE = r"""
for unit in "$@"; do
  case $unit in
    *.socket) systemctl stop "$unit" "${unit%.socket}.service" 2>/dev/null ;;
    *) systemctl stop "$unit" 2>/dev/null ;;
  esac
done
for unit in "$@"; do
  systemctl disable --quiet "$unit" 2>/dev/null
  systemctl reset-failed "$unit" 2>/dev/null
  rm -f -- "/etc/systemd/system/$unit" /etc/systemd/system/*.wants/"$unit"
done
systemctl daemon-reload
"""
# The edge's request log is there twice, and stays where nginx wrote it.
CLEAR = """
systemctl stop 'systemd-journald*@firstlight-edge.*' 2>/dev/null || true
rm -rf -- "$@" /var/log/journal/*.firstlight-edge
systemctl daemon-reload
"""


def differing(wanted: Mapping[str, str], have: Mapping[str, LogUnit]) -> list[str]:
    """Return those units of ``wanted`` (name to spec) that are not on as they shall be."""
    return [name for name, spec in wanted.items() if not is_right(name, spec, have)]


def is_right(name: str, spec: str, have: Mapping[str, LogUnit]) -> bool:
    """Tell whether a unit is on with ``spec``; a socket's service may as well not run."""
    unit = have.get(name)
    if unit is None or not unit.on or unit.stale:
        return False
    if name.endswith(".timer"):
        return True
    if name.endswith(".socket"):
        service = have.get(f"{name.removesuffix('.socket')}.service")
        return service is None or service.spec in ("", spec)
    return unit.spec == spec


def leaving(wanted: Mapping[str, str], have: Mapping[str, LogUnit]) -> list[str]:
    """Return the units that are there and not wanted any more.

    What a socket or a timer starts comes and goes with it.
    """
    kept = {*wanted, *(f"{name.rpartition('.')[0]}.service" for name in wanted)}
    return [name for name in have if name not in kept]


@operation()
def moving(wanted: Mapping[str, str]) -> Generator[StringCommand, None, None]:
    """
    Have the units on that send and take journals, and no others.

    + wanted: what each of them is to be started with, by its name
    """
    have: dict[str, LogUnit] = host.get_fact(LogUnits, prefix=PREFIX) or {}
    gone, todo = leaving(wanted, have), differing(wanted, have)
    if not gone and not todo:
        host.noop(f"{len(wanted)} units send and take journals")
        return
    if gone:
        yield script(RETIRE, *gone)
    if todo:
        yield explained(
            script(START, *todo),
            FirstlightError(
                f"what sends or takes journals does not start: {', '.join(todo)}",
                where=host.name,
                why="its last words stand above",
                fix="see journalctl -u NAME on the host; monitor.logs.enabled: False does without",
            ),
        )


@operation()
def retired(paths: Sequence[str]) -> Generator[StringCommand, None, None]:
    """
    Send and take no journals any more; those that were taken stay until they are removed.

    + paths: what else of it is on the host
    """
    have: dict[str, LogUnit] = host.get_fact(LogUnits, prefix=PREFIX) or {}
    left: dict[str, PathState] = host.get_fact(PathStates, paths=tuple(paths)) or {}
    if not have and not left:  # a run that was cut off may have left files alone
        host.noop("no journals are sent or taken")
        return
    if have:
        yield script(RETIRE, *have)
    yield script(CLEAR, *paths)
