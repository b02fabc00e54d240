"""Other programs, asked for a bounded time and one at a time."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin", "LC_ALL": "C"}
KILL_SECONDS = 1.0


def said(
    words: Sequence[str], seconds: float, *, stuck: Path | None = None, failed: bool = False
) -> str | None:
    """Return what a program prints, None where it fails, is not there or takes too long.

    With ``failed`` what it printed counts also where it ended with an error.

    A program that waits for a driver cannot even be killed. It is left alone then, its number is
    kept in the file ``stuck``, and no second one is started beside it.
    """
    if stuck is not None and still_there(stuck):
        return None
    try:
        process = subprocess.Popen(
            list(words), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, env=ENVIRONMENT,
        )  # fmt: skip
    except OSError:
        return None
    try:
        out, _ = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        with suppress(subprocess.TimeoutExpired):
            process.wait(KILL_SECONDS)
        if process.returncode is None and stuck is not None:
            stuck.write_text(f"{process.pid} {began(process.pid)}\n", encoding="ascii")
        return None
    good = failed or process.returncode == 0
    return out.decode("utf-8", "replace") if good else None


def began(pid: int) -> str:
    """Return when a process began, in the kernel's ticks; empty where there is none."""
    try:
        words = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    return words.rpartition(")")[2].split()[19]


def still_there(stuck: Path) -> bool:
    """Tell whether the program of an earlier run still hangs; else forget it."""
    try:
        pid, at = stuck.read_text(encoding="ascii").split()
        hangs = began(int(pid)) == at
    except (OSError, ValueError):
        return False
    if not hangs:
        with suppress(OSError):
            stuck.unlink()
    return hangs
