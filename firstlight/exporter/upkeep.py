"""What a host needs from time to time: a reboot, a backup, a clock that is right, its firewall."""

from __future__ import annotations

import ctypes
import os
import re
from pathlib import Path
from typing import Any

from firstlight.exporter.command import said
from firstlight.exporter.page import Page

SECONDS = 10.0
TIMEX_BYTES = 256  # struct timex is shorter, on every machine
MAXERROR_AT, LONG = 3, ctypes.sizeof(ctypes.c_long)
UNSYNCHRONISED_MICROSECONDS = 16_000_000
"""The kernel's word for a clock that nobody keeps: its possible error has grown to this."""


def version(release: str) -> list[tuple[int, str]]:
    """Return what kernels are ordered by: 6.9 comes before 6.12."""
    return [(int(n or -1), text) for n, text in re.findall(r"(\d+)|([^\d]+)", release)]


def reboot_required(root: Path) -> bool:
    """Tell whether the distribution asks for a reboot, or a newer kernel is installed."""
    if (root / "run/reboot-required").exists():
        return True
    if (root / "run/systemd/container").exists():
        return False  # its kernel is the machine's
    kernels = [path.name for path in (root / "lib/modules").glob("*")]
    bootable = [
        name
        for name in kernels
        if (root / "boot" / f"vmlinuz-{name}").exists()
        or (root / "lib/modules" / name / "vmlinuz").exists()
    ]
    running = os.uname().release
    return running in bootable and max(bootable, key=version) != running


def clock_synchronised() -> bool:
    """Tell whether something keeps the clock, by the kernel's own account of it."""
    timex = (ctypes.c_char * TIMEX_BYTES)()
    state = ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.byref(timex))
    found = ctypes.c_long.from_buffer(timex, MAXERROR_AT * LONG).value
    return state >= 0 and found < UNSYNCHRONISED_MICROSECONDS


def firewall_present() -> bool:
    """Tell whether the table of ours is loaded."""
    tables = said(["nft", "list", "tables", "inet"], SECONDS) or ""
    return "table inet firstlight" in tables.splitlines()


def backup_time(path: Path) -> float | None:
    """Return when the last backup ended well: the file's first word in seconds, else its age."""
    try:
        words = path.read_text(encoding="ascii", errors="replace").split()
        return float(words[0]) if words and words[0].isdecimal() else path.stat().st_mtime
    except OSError:
        return None


def told(page: Page, spec: dict[str, Any], root: Path) -> None:
    """Tell all of it."""
    about = "Whether the host has to be rebooted to run what is installed."
    page.add("firstlight_reboot_required", about, reboot_required(root))
    if not (root / "run/systemd/container").exists():  # there the clock is the machine's
        about = "Whether the clock is kept right."
        page.add("firstlight_clock_synchronized", about, clock_synchronised())
    if spec["firewall"]:
        about = "Whether firstlight's table of the firewall is loaded."
        page.add("firstlight_firewall_present", about, firewall_present())
    backup = backup_time(root / spec["backup"]["file"].lstrip("/"))
    if backup is not None or spec["backup"]["expected"]:
        about = "When the last backup ended well, in seconds since 1970; 0: never."
        page.add("firstlight_backup_success_time_seconds", about, backup or 0)
