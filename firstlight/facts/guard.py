"""The guard of a host: which one runs, and which one is written."""

from __future__ import annotations

from dataclasses import dataclass

from pyinfra.api import FactBase, QuoteString, StringCommand
from typing_extensions import override

SCRIPT = r"""
unit=$1; container=$2; label=$3; folder=$4
[ -e "/etc/systemd/system/$unit" ] && echo "unit=$(sha256sum <"/etc/systemd/system/$unit" | cut -c1-64)"
[ -e "$folder" ] && echo folder=yes
systemctl show -p ActiveState,UnitFileState,NeedDaemonReload "$unit" 2>/dev/null
command -v docker >/dev/null && echo "label=$(docker inspect --format "{{index .Config.Labels \"$label\"}}" "$container" 2>/dev/null)"
true
"""


@dataclass(frozen=True)
class Guard:
    """``unit`` is the unit file's SHA-256, ``running`` the mark of the container; "" for none."""

    unit: str = ""
    running: str = ""
    left: bool = False
    """Whether something of a guard lies on the host."""
    active: bool = False
    enabled: bool = False
    reload_needed: bool = False


class GuardState(FactBase[Guard]):
    """Return the :class:`Guard` state; ``label`` of the container says what runs."""

    default = Guard

    @override
    def command(self, unit: str, container: str, label: str, folder: str) -> StringCommand:
        words = [QuoteString(word) for word in (unit, container, label, folder)]
        return StringCommand("sh -c", QuoteString(SCRIPT.strip()), "guard", *words)

    @override
    def process(self, output: list[str]) -> Guard:
        values = dict(line.partition("=")[::2] for line in output)
        unit = values.get("unit", "")
        return Guard(
            unit=unit,
            running=values.get("label", "").strip(),
            left=bool(unit) or "folder" in values,
            active=values.get("ActiveState") == "active",
            enabled=values.get("UnitFileState") == "enabled",
            reload_needed=values.get("NeedDaemonReload") == "yes",
        )
