"""Who may change a lab, or what labs share, right now: root, and one process at a time."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from firstlight.errors import FirstlightError
from firstlight.lab import lock
from firstlight.lab.state import LIB_DIR

Say = Callable[[str], None]
# Long enough for another process to build a root file system and two engine images.
LAB_SECONDS = 1800
MACHINE_SECONDS = 120


def quiet(text: str) -> None:
    """Say nothing."""


@contextmanager
def lab(rack_id: str, purpose: str) -> Iterator[None]:
    """Root, and one lab to ourselves."""
    if os.geteuid() != 0:
        raise FirstlightError(
            "the lab's hosts need root", fix="use the firstlight command, or sudo"
        )
    LIB_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)
    with lock.locked(LIB_DIR / f"{rack_id}.lock", purpose, LAB_SECONDS):
        yield


def machine(purpose: str) -> AbstractContextManager[None]:
    """What all labs share (addresses, forwarding, leftovers) to ourselves; held shortly."""
    return lock.locked(LIB_DIR / "machine.lock", purpose, MACHINE_SECONDS)
