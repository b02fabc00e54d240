"""Garbage collection: what no unit, no job and no way back uses. Runs in ``fetch.pyz``."""

from __future__ import annotations

import json
import shutil
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from firstlight.weights.blobs import BLOBS, INCOMING, LOCK, WHOLE, held
from firstlight.weights.contents import Places, contents
from firstlight.weights.wanted import FetchError


@dataclass(frozen=True)
class Waste:
    """Something that may go; ``bytes`` is what its going sets free."""

    path: str
    bytes: int
    source: str = ""


def freed(folders: Sequence[Path]) -> dict[Path, int]:
    """Return how many bytes are free once ``folders``, and blobs of only theirs, are gone.

    A file that several of them share counts for the first.
    """
    links: dict[int, int] = {}
    first: dict[int, tuple[Path, int, int]] = {}
    for folder in folders:
        for path in folder.rglob("*"):
            if path.is_file() and not path.is_symlink():
                stat = path.stat()
                links[stat.st_ino] = links.get(stat.st_ino, 0) + 1
                first.setdefault(stat.st_ino, (folder, stat.st_nlink, stat.st_size))
    found = dict.fromkeys(folders, 0)
    for inode, (folder, all_links, size) in first.items():
        if all_links <= links[inode] + 1:  # the one more is the blob
            found[folder] += size
    return found


def waste(places: Places, keep: Collection[str]) -> list[Waste]:
    """Return what may go. ``keep`` are folders' names that an inventory wants."""
    store, kept = places.store, set(keep)
    unused = {
        (store / INCOMING if each.incoming else store) / each.folder: each.source
        for each in contents(places)
        if not each.used_by and not each.models and each.folder not in kept
    }
    sizes = freed(list(unused))
    found = [Waste(str(path), sizes[path], source) for path, source in unused.items()]
    for blob in sorted((store / BLOBS).iterdir()) if (store / BLOBS).is_dir() else ():
        stat = blob.stat()
        if stat.st_nlink == 1:
            found.append(Waste(str(blob), stat.st_size))
    return found


def collected(places: Places, keep: Collection[str]) -> list[Waste]:
    """Remove what may go, and the blobs that only it used. Raises :class:`FetchError`."""
    lock = places.store / INCOMING / LOCK
    if not lock.exists():
        return []  # nothing was ever fetched
    with held(lock, WHOLE, wait=False) as alone:
        if not alone:
            raise FetchError(
                "weights are being fetched",
                "a fetch holds the store's lock",
                "try again when it has ended: systemctl list-units 'firstlight-weights@*'",
            )
        gone: list[Waste] = []
        while found := waste(places, keep):
            for each in found:
                path = Path(each.path)
                if path.is_dir():
                    hide_marker(path)
                    shutil.rmtree(path)
                else:
                    path.unlink()
            gone = gone or found  # what comes later are blobs that it was the last to use
        return gone


def hide_marker(folder: Path) -> None:
    """Take the done-marker first: a removal that is cut off leaves nothing that looks whole."""
    for marker in folder.glob(".firstlight*"):
        marker.unlink(missing_ok=True)


def report(found: list[Waste]) -> str:
    """Return ``found`` as JSON, for the control machine."""
    return json.dumps([asdict(each) for each in found])
