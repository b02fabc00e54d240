"""Files of others that contradict ours: set aside where nobody reads them, not removed."""

from __future__ import annotations

from collections.abc import Generator, Sequence

from pyinfra import host
from pyinfra.api import StringCommand, operation

from firstlight.facts.files import PathStates
from firstlight.operations.commands import script

# apt passes over names with this end without a word.
END = ".before-firstlight.disabled"


@operation()
def set_aside(paths: Sequence[str]) -> Generator[StringCommand, None, None]:
    """
    Rename files so that they no longer count.

    + paths: the files
    """
    there = host.get_fact(PathStates, paths=tuple(paths)) or {}
    found = [path for path in paths if path in there]
    if not found:
        host.noop("nothing contradicts")
        return
    yield script('end=$1; shift; for f in "$@"; do mv -f "$f" "$f$end"; done', END, *found)
