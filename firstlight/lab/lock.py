"""One at a time: a lock that ends with the process that holds it, and says who that is."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from firstlight.errors import FirstlightError


def _try(path: Path) -> int | None:
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # The last holder may have removed the file between our open and our lock.
        if path.exists() and os.fstat(handle).st_ino == path.stat().st_ino:
            os.ftruncate(handle, 0)
            os.pwrite(handle, str(os.getpid()).encode(), 0)
            return handle
    except OSError:
        pass
    os.close(handle)
    return None


def held(path: Path) -> bool:
    """Whether some process holds the lock now."""
    if not path.exists():
        return False
    handle = _try(path)
    if handle is None:
        return True
    os.close(handle)
    return False


@contextmanager
def locked(path: Path, purpose: str, timeout: float) -> Iterator[None]:
    """Hold the lock at ``path``; wait for it at most ``timeout`` seconds."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    deadline = time.monotonic() + timeout
    while (handle := _try(path)) is None:
        if time.monotonic() > deadline:
            holder = path.read_text(encoding="utf-8").strip() if path.exists() else ""
            raise FirstlightError(
                f"another firstlight process is busy with {purpose}",
                where=str(path),
                why=f"process {holder or '?'} held the lock for {timeout:.0f} s",
                fix=f"wait for it, or look at it: ps -fp {holder}" if holder else "",
            )
        time.sleep(0.05)
    try:
        yield
    finally:
        os.close(handle)
