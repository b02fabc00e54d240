"""The mark of the last run that changed something on a host: how it ended, or that it did not."""

from __future__ import annotations

import datetime
import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

PATH = "/var/lib/firstlight/run.json"
LONGEST_SECONDS = 12 * 3600
"""After so long a run that nobody ended has lost its control machine: terabytes of weights take
hours, a working day they do not."""

Result = Literal["running", "ok", "failed"]
RUNNING: Result = "running"
WELL: Result = "ok"
FAILED: Result = "failed"


@dataclass(frozen=True)
class LastRun:
    """``began`` and ``ended`` are times as the receipt has them; ``operation`` is what failed."""

    result: Result
    began: str
    ended: str = ""
    version: str = ""
    lock: str = ""
    operation: str = ""

    @property
    def text(self) -> str:
        """The file's text."""
        return json.dumps(asdict(self), sort_keys=True) + "\n"


def lock_of(file: Path | None) -> str:
    """Return a short name of what the lock ``file`` says; empty where there is none."""
    try:
        data = file.read_bytes() if file else b""
    except OSError:
        return ""
    return hashlib.sha256(data).hexdigest()[:12] if data else ""


def now() -> str:
    """Return the time as marks have it."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
