"""Which files a model needs, and what each must hash to. Runs on the host, in ``fetch.pyz``."""

from __future__ import annotations

import fnmatch
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

CHUNK = 4 * 2**20
PARALLEL = 4
"""Files fetched, or read again, at a time."""
Job = Mapping[str, Any]
"""A fetch job as it lies on the host: see ``roles.models.job``."""


class FetchError(Exception):
    """The weights cannot be had; the message says what, why and how to mend it."""

    def __init__(self, what: str, why: str, fix: str) -> None:
        super().__init__(f"{what}\n  why: {why}\n  fix: {fix}")


@dataclass(frozen=True)
class Wanted:
    """One file: its size in bytes, its checksum, and where it comes from (a URL or path).

    The checksum is ``sha256:…``, or ``git:…``: the id of a git blob.
    """

    path: str
    size: int
    checksum: str
    origin: str = ""


class Origin(Protocol):
    """Where the files of one job come from."""

    def look_up(self) -> list[Wanted]:
        """Return what is to be fetched. Raises :class:`FetchError`."""

    def download(self, want: Wanted, path: Path) -> None:
        """Fetch one file to ``path``, continuing what is there."""


def first_line(error: BaseException) -> str:
    """Return an error's first words: HTTP libraries add whole pages."""
    return next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)


def checksum_of(path: Path, kind: str) -> str:
    """Return the checksum of a file in the notation of :class:`Wanted`."""
    digest = hashlib.sha256() if kind == "sha256" else hashlib.sha1()
    if kind == "git":
        digest.update(f"blob {path.stat().st_size}\0".encode())
    with path.open("rb") as stream:
        while block := stream.read(CHUNK):
            digest.update(block)
    return f"{kind}:{digest.hexdigest()}"


def is_right(path: Path, size: int, checksum: str) -> bool:
    """Tell whether the file is there, of this size, and hashes to this checksum."""
    try:
        right = path.is_file() and path.stat().st_size == size
        return right and checksum_of(path, checksum.partition(":")[0]) == checksum
    except OSError:  # unreadable is as good as wrong
        return False


def inside(wanted: Sequence[Wanted]) -> list[Wanted]:
    """Return ``wanted`` as it is, unless a path leads out of the folder or to our own marker."""
    for want in wanted:
        parts = want.path.split("/")
        if {"", ".", ".."}.intersection(parts) or "\0" in want.path or is_ours(parts[0]):
            raise FetchError(
                f"a file called {want.path!r} is not fetched",
                "it would stand outside of its folder, or in place of the done-marker",
                "check the source: no honest one has such a file",
            )
    return list(wanted)


def is_ours(name: str) -> bool:
    """Tell whether a file of this name is firstlight's own."""
    return name.startswith(".firstlight")


def chosen(
    files: Sequence[Wanted], include: Sequence[str], pins: Mapping[str, str]
) -> list[Wanted]:
    """Return those of a source's ``files`` that match ``include``.

    ``pins`` are the operator's own SHA-256 sums: they win over the source's.
    """
    wanted = [
        replace(file, checksum=f"sha256:{pins[file.path]}") if file.path in pins else file
        for file in files
        if any(fnmatch.fnmatchcase(file.path, pattern) for pattern in include)
    ]
    unknown = sorted(set(pins) - {want.path for want in wanted})
    if not wanted or unknown:
        raise FetchError(
            f"no such file in the repository: {', '.join(unknown or include)}",
            f"it has {', '.join(sorted(file.path for file in files)[:12])}",
            "correct the model's file, include or sha256 in the inventory",
        )
    return wanted
