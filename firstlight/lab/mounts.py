"""Mounts of the machine below a folder: found, and taken away deepest first."""

from __future__ import annotations

import re
from pathlib import Path

from firstlight.lab.command import run

MOUNTINFO = Path("/proc/self/mountinfo")


def below(folder: Path, mountinfo: str) -> list[Path]:
    """Mount points at or below ``folder``, deepest first."""
    points = []
    for line in mountinfo.splitlines():
        # mountinfo writes a space as \040.
        escaped = line.split()[4]
        point = Path(re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), escaped))
        if point == folder or folder in point.parents:
            points.append(point)
    return sorted(points, key=lambda point: len(point.parts), reverse=True)


def unmount_below(folder: Path) -> int:
    """Unmount everything at or below ``folder``; how many mounts it was."""
    points = below(folder, MOUNTINFO.read_text(encoding="utf-8"))
    for point in points:
        # Lazily: a leftover may still be somebody's working directory.
        run("umount", "--lazy", str(point))
    return len(points)
