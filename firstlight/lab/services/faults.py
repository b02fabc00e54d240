"""Faults that tests switch on: ``faults.json`` in the hub's root, read at every request.

``{"corrupt": ["tiny.gguf"]}`` serves wrong bytes under right headers; ``{"cut_after":
{"tiny.gguf": 100000}}`` closes the connection after so many bytes of each answer (a client that
continues gets on), ``{"cut_at": {"tiny.gguf": 100000}}`` at that place of the file, every time;
``{"slow": {"tiny.gguf": 20000}}`` serves so many bytes a second; ``{"status": {"tiny.gguf":
503}}`` answers a GET with that status. A file is named by its path, in any repository; ``*``
names every file. ``{"variant": "newer"}`` has the archive serve another index.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FILE = "faults.json"


@dataclass(frozen=True)
class Fault:
    """What is wrong with one file in this request; by default nothing."""

    corrupt: bool = False
    cut_after: int | None = None
    cut_at: int | None = None
    bytes_per_second: int | None = None
    status: int | None = None

    def end(self, first: int, last: int) -> int:
        """The place where an answer with bytes ``first`` to ``last`` is really cut off."""
        end = last + 1
        if self.cut_after is not None:
            end = min(end, first + self.cut_after)
        if self.cut_at is not None:
            end = min(end, max(first, self.cut_at))
        return end

    def spoil(self, chunk: bytes) -> bytes:
        """The chunk as it is sent: of the same length, and wrong if ``corrupt``."""
        return bytes(byte ^ 0x55 for byte in chunk) if self.corrupt else chunk


def fault(root: Path, path: str) -> Fault:
    """The fault that is switched on for ``path`` now. A control file half written counts not."""
    switches = _switches(root)

    def number(kind: str) -> int | None:
        named: dict[str, int] = switches.get(kind, {})
        return named.get(path, named.get("*"))

    return Fault(
        corrupt=not {path, "*"}.isdisjoint(switches.get("corrupt", ())),
        cut_after=number("cut_after"),
        cut_at=number("cut_at"),
        bytes_per_second=number("slow"),
        status=number("status"),
    )


def variant(root: Path) -> str:
    """Which other index is switched on now; empty for none."""
    return str(_switches(root).get("variant", ""))


def _switches(root: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads((root / FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found
