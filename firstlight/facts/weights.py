"""What stands in the store of weights, and how a fetch is getting on."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from pyinfra.api import FactBase, QuoteString, StringCommand
from typing_extensions import override

from firstlight.weights.store import WRONG, source_of

STORED = r"""
cd "$1" 2>/dev/null || exit 0
[ -f "$2" ] && { echo marker; cat "$2"; }
echo files; find . -type f -printf '%s %P\n'
"""

FETCHING = r"""
systemctl show -p ActiveState,Result,Job "$1"
echo "Bytes=$(du -sb "$2" 2>/dev/null | cut -f1)"
echo "Progress=$(cat "$2.firstlight.progress" 2>/dev/null)"
invocation=$(systemctl show -p InvocationID --value "$1")
echo "Words:"; journalctl -q -o cat --no-pager -n 12 _SYSTEMD_INVOCATION_ID="$invocation" SYSLOG_IDENTIFIER=fetch 2>/dev/null
true
"""

JOBS = r"""
cd /etc/firstlight 2>/dev/null || exit 0
ls weights 2>/dev/null | sed -n 's/\.json$//p'
ls secrets 2>/dev/null | sed -n 's/^hub-token-//p'
true
"""

ON_HOST = r"""
[ -f "$2" ] || exit 0
python=$1; shift
"$python" -I "$@"
"""


@dataclass(frozen=True)
class Stored:
    """A folder of weights: its done-marker (empty if there is none) and its files' sizes."""

    marker: dict[str, Any] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)

    def complete(self, source: str) -> bool:
        """Tell whether the marker is of this source, and every file has its length.

        A folder in which a check found wrong files is not complete.
        """
        files = self.marker.get("files")
        return (
            isinstance(files, dict)
            and bool(files)
            and source_of(self.marker) == source
            and WRONG not in self.sizes
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
    """A fetch unit: ``state`` and ``result`` in systemd's words, bytes so far, its last words.

    ``total`` is how many bytes it will be in the end; 0 while that is not known.
    """

    state: str = "unknown"
    result: str = ""
    bytes: int = 0
    words: str = ""
    total: int = 0


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
        bytes_there = values.get("Bytes", "")
        told = [int(word) for word in values.get("Progress", "").split() if word.isdecimal()]
        # Its start may wait for another unit, such as the network's.
        waits = values.get("Job", "0") not in ("", "0")
        return Fetching(
            state="activating" if waits else values.get("ActiveState", "unknown"),
            result=values.get("Result", ""),
            bytes=told[1] if len(told) > 1 else int(bytes_there) if bytes_there.isdecimal() else 0,
            words="\n".join(output[split + 1 :]),
            total=told[0] if told else 0,
        )


class Jobs(FactBase[list[str]]):
    """Return the names of the fetch jobs and of the hub tokens that are on the host."""

    default = list

    @override
    def command(self) -> StringCommand:
        return StringCommand("sh -c", QuoteString(JOBS))

    @override
    def process(self, output: list[str]) -> list[str]:
        return sorted({line.strip() for line in output if line.strip()})


class OnHost(FactBase[list[dict[str, Any]]]):
    """Return what the fetch ``program`` says when asked with ``words``; nothing if it is absent."""

    default = list

    @override
    def command(self, python: str, program: str, words: list[str]) -> StringCommand:
        asked = (QuoteString(word) for word in (python, program, *words))
        return StringCommand("sh -c", QuoteString(ON_HOST), "on-host", *asked)

    @override
    def process(self, output: list[str]) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads("\n".join(output) or "[]")
        return found
