"""A process that can be recognised later: a pid alone may by then be somebody else's."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PROC = Path("/proc")


def start_ticks(pid: int, proc: Path = PROC) -> int | None:
    """When ``pid`` started, in clock ticks since boot; None if it is gone or a zombie."""
    try:
        text = (proc / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    # The program's name is in parentheses and may itself hold spaces and parentheses.
    fields = text.rpartition(")")[2].split()
    return None if fields[0] in "ZX" else int(fields[19])


@dataclass(frozen=True)
class Process:
    """A pid and its start time, which together name one process of one boot."""

    pid: int
    started: int

    @classmethod
    def of(cls, pid: int) -> Process:
        """The process that has ``pid`` now; raises ProcessLookupError if there is none."""
        started = start_ticks(pid)
        if started is None:
            raise ProcessLookupError(pid)
        return cls(pid, started)

    @classmethod
    def from_json(cls, data: Any) -> Process | None:
        """What `to_json` wrote, or None if it is not that."""
        if not isinstance(data, dict):
            return None
        pid, started = data.get("pid"), data.get("started")
        if isinstance(pid, int) and isinstance(started, int) and pid > 1:
            return cls(pid, started)
        return None

    def to_json(self) -> dict[str, int]:
        """For a state file."""
        return {"pid": self.pid, "started": self.started}

    def alive(self) -> bool:
        """Whether it still runs (and is not another process with its number)."""
        return start_ticks(self.pid) == self.started

    def signal(self, number: signal.Signals) -> None:
        """Send a signal if it still runs."""
        if self.alive():
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def wait(self, timeout: float) -> bool:
        """Wait up to ``timeout`` seconds for its end; whether it ended."""
        deadline = time.monotonic() + timeout
        while self.alive():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        return True

    def children(self) -> list[int]:
        """The pids of its direct children, oldest first."""
        try:
            path = PROC / str(self.pid) / "task" / str(self.pid) / "children"
            return [int(pid) for pid in path.read_text(encoding="ascii").split()]
        except (OSError, ValueError):
            return []
