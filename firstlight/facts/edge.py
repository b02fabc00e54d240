"""Which release of the edge is current on disk, and which one nginx really runs."""

from __future__ import annotations

from dataclasses import dataclass

from pyinfra.api import FactBase, QuoteString, StringCommand
from typing_extensions import override

SCRIPT = r"""
current=$1; socket=$2; folder=$3; digest=$4; shift 4
echo "current=$(readlink "$current" 2>/dev/null)"
if [ -f "$folder/.complete" ] && [ "$(cd "$folder" && cat -- "$@" 2>/dev/null | sha256sum | cut -d' ' -f1)" = "$digest" ]; then echo written=yes; fi
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
    """Return the :class:`Edge` state, seen from the release in ``folder``.

    ``digest`` is the SHA-256 of its ``files``, one after the other: one that was edited on the
    host since is no longer written as it shall be.
    """

    default = Edge

    @override
    def command(
        self,
        current: str,
        socket: str,
        folder: str = "",
        digest: str = "",
        files: tuple[str, ...] = (),
    ) -> StringCommand:
        words = [QuoteString(word) for word in (current, socket, folder, digest, *files)]
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
