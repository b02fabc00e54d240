"""Which files a model needs, and what each must hash to. Runs on the host, in ``fetch.pyz``."""

from __future__ import annotations

import fnmatch
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CHUNK = 4 * 2**20


class FetchError(Exception):
    """The weights cannot be had; the message says what, why and how to mend it."""


@dataclass(frozen=True)
class Wanted:
    """One file: its size in bytes and its checksum, ``sha256:…`` or ``git:…`` (a blob id)."""

    path: str
    size: int
    checksum: str


def checksum_of(path: Path, kind: str) -> str:
    """Return the checksum of a file in the notation of :class:`Wanted`."""
    digest = hashlib.sha256() if kind == "sha256" else hashlib.sha1()
    if kind == "git":
        digest.update(f"blob {path.stat().st_size}\0".encode())
    with path.open("rb") as stream:
        while block := stream.read(CHUNK):
            digest.update(block)
    return f"{kind}:{digest.hexdigest()}"


def chosen(siblings: list[Any], include: list[str], pins: dict[str, str]) -> list[Wanted]:
    """Return the files of a revision that match ``include``, with what they must hash to.

    ``pins`` are the operator's own SHA-256 sums: they win over the hub's.
    """
    wanted = []
    for item in siblings:
        if not any(fnmatch.fnmatchcase(item.rfilename, pattern) for pattern in include):
            continue
        hub = f"sha256:{item.lfs.sha256}" if item.lfs else f"git:{item.blob_id}"
        pin = pins.get(item.rfilename)
        wanted.append(Wanted(item.rfilename, item.size, f"sha256:{pin}" if pin else hub))
    unknown = sorted(set(pins) - {want.path for want in wanted})
    if not wanted or unknown:
        raise FetchError(
            f"no such file in the repository: {', '.join(unknown or include)}\n"
            f"  why: it has {', '.join(sorted(item.rfilename for item in siblings)[:12])}\n"
            "  fix: correct the model's file, include or sha256 in the inventory"
        )
    return wanted
