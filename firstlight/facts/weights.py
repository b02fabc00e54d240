"""What stands in the store of weights, and how a fetch is getting on."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from pyinfra.api import FactBase, QuoteString, StringCommand
from typing_extensions import override

STORED = r"""
cd "$1" 2>/dev/null || exit 0
[ -f "$2" ] && { echo marker; cat "$2"; }
echo files; find . -type f -printf '%s %P\n'
"""

FETCHING = r"""
systemctl show -p ActiveState,Result "$1"
echo "Bytes=$(du -sb "$2" 2>/dev/null | cut -f1)"
invocation=$(systemctl show -p InvocationID --value "$1")
echo "Words:"; journalctl -q -o cat --no-pager -n 12 _SYSTEMD_INVOCATION_ID="$invocation" SYSLOG_IDENTIFIER=fetch 2>/dev/null
true
"""


@dataclass(frozen=True)
class Stored:
    """A folder of weights: its done-marker (empty if there is none) and its files' sizes."""

    marker: dict[str, Any] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)

    def complete(self, repo: str, revision: str) -> bool:
        """Tell whether the marker is of this revision and every file has its length."""
        files = self.marker.get("files")
        return (
            isinstance(files, dict)
            and bool(files)
            and (self.marker.get("repo"), self.marker.get("revision")) == (repo, revision)
            and all(
                isinstance(entry, dict) and self.sizes.get(name, -1) == entry.get("size")
                for name, entry in files.items()
            )
        )


class StoredWeights(FactBase[Stored]):
    """Return what is :class:`Stored` in ``folder`` under a done-marker named ``marker``."""

    default = Stored

    @override
    def command(self, folder: str, marker: str) -> StringCommand:
        return StringCommand(
            "sh -c", QuoteString(STORED), "stored", QuoteString(folder), QuoteString(marker)
        )

    @override
    def process(self, output: list[str]) -> Stored:
        split = output.index("files") if "files" in output else len(output)
        sizes = {}
        for line in output[split + 1 :]:
            size, _, name = line.partition(" ")
            if size.isdecimal():  # a name with a newline spreads over two lines
                sizes[name] = int(size)
        try:
            marker = json.loads("\n".join(output[1:split])) if output[:1] == ["marker"] else {}
        except ValueError:
            marker = {}  # a torn marker is no marker
        return Stored(marker if isinstance(marker, dict) else {}, sizes)


@dataclass(frozen=True)
class Fetching:
    """A fetch unit: ``state`` and ``result`` in systemd's words, bytes so far, its last words."""

    state: str = "unknown"
    result: str = ""
    bytes: int = 0
    words: str = ""


class FetchProgress(FactBase[Fetching]):
    """Return how the fetch ``unit`` is getting on; ``incoming`` is the folder it fills."""

    default = Fetching

    @override
    def command(self, unit: str, incoming: str) -> StringCommand:
        return StringCommand(
            "sh -c", QuoteString(FETCHING), "fetching", QuoteString(unit), QuoteString(incoming)
        )

    @override
    def process(self, output: list[str]) -> Fetching:
        split = output.index("Words:") if "Words:" in output else len(output)
        values = dict(line.partition("=")[::2] for line in output[:split])
        return Fetching(
            state=values.get("ActiveState", "unknown"),
            result=values.get("Result", ""),
            bytes=int(done) if (done := values.get("Bytes", "")).isdecimal() else 0,
            words="\n".join(output[split + 1 :]),
        )
