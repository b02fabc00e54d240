"""Which release of the edge is current on disk, and which one nginx really runs."""

from __future__ import annotations

from dataclasses import dataclass

from pyinfra.api import FactBase, QuoteString, StringCommand
from typing_extensions import override

SCRIPT = r"""
current=$1; socket=$2; folder=$3
echo "current=$(readlink "$current" 2>/dev/null)"
[ -f "$folder/.complete" ] && echo written=yes
[ -S "$socket" ] && echo "running=$(curl -s -m 5 --unix-socket "$socket" http://edge/release 2>/dev/null)"
systemctl show -p ActiveState,UnitFileState,NeedDaemonReload nginx.service 2>/dev/null
true
"""


@dataclass(frozen=True)
class Edge:
    """``current`` and ``running`` are release folders' names; ``written``: the new one stands."""

    current: str = ""
    running: str = ""
    written: bool = False
    active: bool = False
    enabled: bool = False
    reload_needed: bool = False


class EdgeState(FactBase[Edge]):
    """Return the :class:`Edge` state, seen from the release in ``folder``."""

    default = Edge

    @override
    def command(self, current: str, socket: str, folder: str) -> StringCommand:
        words = [QuoteString(word) for word in (current, socket, folder)]
        return StringCommand("sh -c", QuoteString(SCRIPT), "edge", *words)

    @override
    def process(self, output: list[str]) -> Edge:
        values = dict(line.partition("=")[::2] for line in output)
        return Edge(
            current=values.get("current", "").rsplit("/", 1)[-1],
            running=values.get("running", "").strip(),
            written=values.get("written") == "yes",
            active=values.get("ActiveState") == "active",
            enabled=values.get("UnitFileState") == "enabled",
            reload_needed=values.get("NeedDaemonReload") == "yes",
        )
