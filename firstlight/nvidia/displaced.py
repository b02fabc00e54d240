"""Files of apt that name a repository of the decision a second time, under another key.

apt takes one key per repository. Where two files say it differently, it reads none of its
repositories at all, the system's own included.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from firstlight.catalogue import System
from firstlight.catalogue.nvidia import vendor
from firstlight.errors import FirstlightError
from firstlight.nvidia.decision import Repository
from firstlight.nvidia.repositories import DEBIAN, DRIVER
from firstlight.nvidia.state import AptEntry, NvidiaState


def displaced(
    state: NvidiaState, system: System, repositories: Iterable[Repository]
) -> tuple[str, ...]:
    """Return the files that hold nothing but such repositories, so that they can be moved aside."""
    return tuple(
        dict.fromkeys(
            entry.file
            for entry, other in clashes(state, system, tuple(repositories))
            if other is None
        )
    )


def displaced_obstacles(
    host: str, state: NvidiaState, system: System, repositories: Iterable[Repository]
) -> Iterator[FirstlightError]:
    """Yield every such repository in a file with others, which firstlight does not edit."""
    for entry, other in clashes(state, system, tuple(repositories)):
        if other is not None:
            yield FirstlightError(
                "NVIDIA's repository is there already, in a file with others",
                where=f"{host}: {entry.file}:{entry.line}",
                why=f"it has {entry.uri}, and in line {other.line} {other.uri}; beside "
                "firstlight's own file apt would refuse both: Conflicting values set for option "
                "Signed-By",
                fix=f"take line {entry.line} out of {entry.file} (of a stanza, all of it) or "
                "put it into a file of its own, then run again",
            )


def clashes(
    state: NvidiaState, system: System, repositories: tuple[Repository, ...]
) -> Iterator[tuple[AptEntry, AptEntry | None]]:
    """Yield each entry of one of ``repositories``, with another of its file that is not ours."""
    if system.manager != "apt":
        return
    urls = {bare(each.url, state) for each in repositories}
    # What else of NVIDIA's stands in the file is superseded too, as far as it is decided here.
    row, bases = vendor(), []
    if any(each.name == DRIVER for each in repositories):
        bases.append(f"{bare(row.url, state)}/")
    bases.append(row.toolkit_apt.partition("/stable/")[0].partition("://")[2] + "/")
    for entry in state.sources:
        if bare(entry.uri, state) in urls:
            rest = (
                each
                for each in state.sources
                if each.file == entry.file
                and (uri := bare(each.uri, state)) not in urls
                and not uri.startswith(tuple(bases))
            )
            yield entry, next(rest, None)


def bare(url: str, state: NvidiaState) -> str:
    """Return a URL as it is compared: with the machine's name, without scheme and last slash.

    apt compares the scheme too; two keys for one place are not wanted either way.
    """
    full = url.replace("$(ARCH)", DEBIAN.get(state.machine, state.machine))
    return full.partition("://")[2].rstrip("/").lower()
