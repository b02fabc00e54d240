"""What the SIMULATED GPUs measure now: a file for each, which tests move while everything runs.

nvidia-smi's stand-in and the SIMULATED DCGM exporter read the same files, in containers, too.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable
from pathlib import Path

FOLDER = Path("/run/firstlight-lab/live")
IN_CONTAINER = "/usr/lib/firstlight-lab/live"
XIDS = "xids"
"""File with a line for each XID since the boot: seconds since 1970, GPU, number."""

RESTING = {
    "lost": "no",
    "temperature": "30",
    "memory_temperature": "32",
    "power": "20.00",
    "utilization": "0",
    "memory_utilization": "0",
    "memory_used": "1",
    "sm_clock": "210",
    "memory_clock": "405",
    "fan": "0",
    "pcie_replays": "0",
    "pcie_rate": "0",
    "ecc_single": "0",
    "ecc_double": "0",
    "remapped_correctable": "0",
    "remapped_uncorrectable": "0",
    "remap_pending": "0",
    "remap_failed": "0",
    "nvlink_rate": "0",
    "nvlink_errors": "0",
    "throttled": "none",
    "health": "",
}
"""Values of a GPU that does nothing: degrees Celsius, watts, percent, MiB, MHz, bytes a second.

``throttled`` is ``none``, ``thermal`` or ``power``; ``health`` a list such as ``MEM:20,PCIE:10``.
"""
HEALTH = re.compile(r"([A-Z]+(:\d+)?(,[A-Z]+(:\d+)?)*)?")
WORDS = {"lost": ("no", "yes"), "throttled": ("none", "thermal", "power")}


def path_of(gpu: int) -> Path:
    """The file of a GPU."""
    return FOLDER / f"gpu{gpu}"


def read(gpu: int) -> dict[str, str]:
    """What a GPU measures; a resting one's where nobody has written anything."""
    path = path_of(gpu)
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    return RESTING | dict(line.split("=", 1) for line in text.splitlines() if "=" in line)


def write(gpu: int, values: dict[str, str]) -> None:
    """Replace a GPU's file, so that a reader sees the old values or the new ones."""
    text = "".join(f"{key}={value}\n" for key, value in values.items())
    _replace(path_of(gpu), text)


def rest(lost: Iterable[bool]) -> None:
    """Let GPUs rest, and forget every XID; ``lost`` says of each whether it has fallen."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    FOLDER.chmod(0o755)
    _replace(FOLDER / XIDS, "")
    for gpu, gone in enumerate(lost):
        write(gpu, RESTING | {"lost": "yes" if gone else "no"})


def move(gpu: int, words: Iterable[str]) -> None:
    """Change values of a GPU by words ``KEY=VALUE``; raises ValueError for what it has not."""
    values = read(gpu)
    for word in words:
        key, sign, value = word.partition("=")
        if key not in RESTING or not sign:
            raise ValueError(f"no such value: {word}; there are: {', '.join(RESTING)}")
        if key in WORDS and value not in WORDS[key]:
            raise ValueError(f"{key} is one of {', '.join(WORDS[key])}, not {value}")
        # A shell reads the file, too: nothing else may stand in it.
        if key == "health":
            if not HEALTH.fullmatch(value):
                raise ValueError(f"health is a list such as MEM:20,PCIE:10, not {value}")
        elif key not in WORDS:
            float(value)
        values[key] = value
    write(gpu, values)


def strike(gpu: int, xid: int) -> None:
    """Note an XID of a GPU, for those who count them."""
    path = FOLDER / XIDS
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    _replace(path, f"{before}{time.time():.3f} {gpu} {xid}\n")


def _replace(path: Path, text: str) -> None:
    draft = path.with_name(f".{path.name}.new")
    draft.write_text(text, encoding="utf-8")
    draft.chmod(0o644)
    draft.replace(path)
