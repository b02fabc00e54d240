"""What a lock says to one inventory, and which command mends what it does not say."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from firstlight.lock.file import NAME, read
from firstlight.lock.section import Section


@dataclass(frozen=True)
class Pins:
    """One inventory's section; ``inventory`` and ``file`` are the paths of it and of its lock."""

    section: Section
    inventory: Path
    file: Path

    @property
    def command(self) -> str:
        """The command that writes what is missing."""
        return f"firstlight lock {self.inventory}"


def pins(inventory: Path | None) -> Pins | None:
    """Read the lock beside an inventory's file; where there is none, it says nothing.

    None for hosts that are named on the command line: they have no file, and so no lock. Raises
    :class:`firstlight.errors.FirstlightError` where the lock is damaged.
    """
    if inventory is None:
        return None
    path = inventory.parent / NAME
    return Pins(read(path).section(inventory.name), inventory, path)
