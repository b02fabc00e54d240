"""Every file of the store once, by its checksum, and locks between fetches.

Runs on the host, in ``fetch.pyz``. A folder of weights holds hard links to blobs, so revisions
and models that share files share the disk and the way there.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import struct
from collections.abc import Iterator
from pathlib import Path

from firstlight.weights.wanted import Wanted, is_right

BLOBS = ".blobs"
INCOMING = ".incoming"
LOCK = ".lock"
WHOLE = (0, 0)


def place(key: str) -> tuple[int, int]:
    """Return the one byte of the lock file that stands for ``key``: its start and length."""
    return int(hashlib.sha256(key.encode()).hexdigest()[:15], 16), 1


@contextlib.contextmanager
def held(file: Path, span: tuple[int, int], wait: bool = True) -> Iterator[bool]:
    """Hold a lock on a span of bytes of ``file``; yield whether it is held.

    Locks of an open file description, not of the process: they count between threads too, and
    the kernel does not take two fetches that wait for blobs of each other for a deadlock.
    """
    number = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        ask = struct.pack("@hhqqi", fcntl.F_WRLCK, os.SEEK_SET, *span, 0)
        try:
            fcntl.fcntl(number, fcntl.F_OFD_SETLKW if wait else fcntl.F_OFD_SETLK, ask)
        except BlockingIOError:
            yield False
            return
        yield True
    finally:
        os.close(number)


class Blobs:
    """The blobs of the store in ``root``."""

    def __init__(self, root: Path) -> None:
        self.folder = root / BLOBS
        self.lock = root / INCOMING / LOCK

    def path(self, checksum: str) -> Path:
        """Return where the blob with this checksum stands."""
        return self.folder / checksum.partition(":")[2]

    def has(self, want: Wanted) -> bool:
        """Tell whether a blob of the right length is there; it is not read."""
        blob = self.path(want.checksum)
        return blob.is_file() and blob.stat().st_size == want.size

    def take(self, want: Wanted, target: Path) -> bool:
        """Link the blob to ``target`` in place of what is there; False if there is none.

        It is read and checked first: a blob that rotted goes.
        """
        blob = self.path(want.checksum)
        if not blob.exists():
            return False
        if not is_right(blob, want.size, want.checksum):
            blob.unlink()
            return False
        link(blob, target)
        return target.exists()

    def keep(self, want: Wanted, path: Path) -> None:
        """Make the checked file at ``path`` a blob, where the file system can."""
        self.folder.mkdir(exist_ok=True)
        blob = self.path(want.checksum)
        if not blob.exists():
            with contextlib.suppress(OSError):  # no hard links there: nothing is shared then
                os.link(path, blob)


def link(source: Path, target: Path) -> None:
    """Have ``target`` be a hard link to ``source``, never missing in between."""
    draft = target.with_name(f".{target.name[:200]}.link")
    draft.unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        os.link(source, draft)
        draft.replace(target)
    draft.unlink(missing_ok=True)  # renaming one link over another of the same file does nothing
