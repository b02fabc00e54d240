"""XIDs, the driver's words for what went wrong with a GPU, counted from the kernel's log."""

from __future__ import annotations

import re
import signal
import subprocess
import threading
from pathlib import Path
from typing import Any

from firstlight.exporter.command import ENVIRONMENT, said
from firstlight.exporter.page import Page

LINE = re.compile(r"NVRM: Xid \((?:PCI:)?([0-9A-Fa-f:.]+)\): (\d+)")
CURSOR = "-- cursor: "
SECONDS = 20.0
MOST_SERIES = 256
"""What is told apart; a GPU has a few kinds of errors, and a host a few GPUs."""
BOOT = "/proc/sys/kernel/random/boot_id"

# The kernel's own messages, or those that root handed on under its name: where a host has no
# kernel log of its own (a container) that is the only way. Others cannot count here.
FROM_KERNEL = ("_TRANSPORT=kernel", "+", "SYSLOG_IDENTIFIER=kernel", "_UID=0")


def journal(cursor: str) -> list[str]:
    """Return the journal's command for kernel messages of this boot, after ``cursor``."""
    words = ["journalctl", "-q", "-b", "--no-pager", "-o", "short-unix", "--show-cursor"]
    words += [f"--after-cursor={cursor}"] if cursor else []
    return [*words, *FROM_KERNEL]


def read(known: dict[str, Any]) -> None:
    """Count what was logged since the last time. A journal that is silent counts nothing.

    What was counted and the place up to which it was are kept together, so that nothing counts
    twice. The first look goes through the whole boot; where that takes too long it begins now.
    """
    try:
        process = subprocess.Popen(
            journal(str(known["cursor"])), env=ENVIRONMENT, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, errors="replace",
        )  # fmt: skip
    except OSError:
        return
    counts, times = dict(known["counts"]), dict(known["times"])
    cursor = ""
    bound = threading.Timer(SECONDS, process.kill)
    bound.start()
    with process:
        for line in process.stdout or ():
            if line.startswith(CURSOR):
                cursor = line[len(CURSOR) :].strip()
            elif found := LINE.search(line):
                series = f"{found[2]} {found[1]}"
                if series in counts or len(counts) < MOST_SERIES:
                    counts[series] = counts.get(series, 0) + 1
                    times[series] = float(line.split(" ", 1)[0])
    bound.cancel()
    if process.returncode == -signal.SIGKILL:
        last = said([*journal(""), "--lines=0"], SECONDS) or ""
        known["cursor"] = last.partition(CURSOR)[2].strip() or known["cursor"]
    elif process.returncode == 0 and cursor:
        known.update(cursor=cursor, counts=counts, times=times)


def told(page: Page, state: dict[str, Any], root: Path) -> None:
    """Tell how often each XID was logged since the host was booted."""
    boot = (root / BOOT.lstrip("/")).read_text(encoding="ascii").strip()
    if state.get("xids", {}).get("boot") != boot:
        state["xids"] = {"boot": boot, "cursor": "", "counts": {}, "times": {}}
    known = state["xids"]
    read(known)
    for series, count in known["counts"].items():
        xid, gpu = series.split(" ", 1)
        about = "XIDs in the kernel's log since the host was booted, by PCI address."
        page.add("firstlight_xid_total", about, count, "counter", xid=xid, gpu=gpu)
        # The first of its kind makes a series begin at 1, and increase() does not see that.
        about = "When that XID was last logged, in seconds since 1970."
        page.add(
            "firstlight_xid_last_time_seconds", about, known["times"][series], xid=xid, gpu=gpu
        )
