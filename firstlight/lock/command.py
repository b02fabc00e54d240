"""What ``firstlight lock`` does: read an inventory, ask its registries and hubs, write the lock."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from firstlight import inventory_file
from firstlight.lock import update
from firstlight.lock.asked import Asked, asked, packages
from firstlight.lock.difference import differences
from firstlight.lock.file import NAME, read, write
from firstlight.lock.section import Section
from firstlight.private_file import locked


@dataclass(frozen=True)
class Change:
    """What a lock said and says now; ``lines`` tell the difference, one for each change."""

    file: Path
    inventory: str
    before: Section
    after: Section

    @property
    def lines(self) -> list[str]:
        """The difference as lines; empty where there is none."""
        return differences(self.before, self.after)


def change(inventory: Path, *, anew: bool) -> Change:
    """Work out the lock of ``inventory``; nothing is written. ``anew``: look everything up again.

    Raises :class:`firstlight.errors.FirstlightError` with all that cannot be had.
    """
    wanted, declared = _asked(inventory)
    path = inventory.parent / NAME
    before = read(path).section(inventory.name)
    after = update.updated(before, wanted, declared, anew=anew)
    return Change(path, inventory.name, before, after)


def written(change: Change) -> None:
    """Write a change. The other inventories of the folder keep what the lock says to them."""
    with locked(change.file.parent):
        lock = read(change.file)  # again: another run may have written since
        write(change.file, lock.replaced(change.inventory, change.after))


def lacks(inventory: Path) -> list[str]:
    """What the lock beside ``inventory`` misses or has too much, as lines; nobody is asked."""
    wanted, declared = _asked(inventory)
    return update.lacks(read(inventory.parent / NAME).section(inventory.name), wanted, declared)


def _asked(inventory: Path) -> tuple[list[Asked], dict[str, str]]:
    hosts = inventory_file.hosts_of(inventory)
    return asked(hosts, Path.cwd()), packages(hosts)
