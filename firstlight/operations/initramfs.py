"""The images that a boot begins with, made anew when a setting in them has changed."""

from __future__ import annotations

from collections.abc import Generator

from pyinfra import host
from pyinfra.api import StringCommand, operation

from firstlight.errors import FirstlightError
from firstlight.facts.initramfs import StaleInitramfs
from firstlight.operations.commands import explained, script

REBUILD = r"""
if command -v update-initramfs >/dev/null 2>&1; then update-initramfs -u -k all
else dracut --force --regenerate-all; fi
"""


@operation()
def knows(path: str) -> Generator[StringCommand, None, None]:
    """
    Have every initramfs made after a configuration file that belongs into it.

    + path: the file
    """
    stale = host.get_fact(StaleInitramfs, path=path) or []
    if not stale:
        host.noop("every initramfs is newer than it")
        return
    yield explained(
        script(REBUILD),
        FirstlightError(
            "the initramfs could not be made",
            where=f"{host.name}: {', '.join(stale)}",
            why="the words of update-initramfs or dracut stand above",
            fix="see that /boot has space (df -h /boot), then run again",
        ),
    )
