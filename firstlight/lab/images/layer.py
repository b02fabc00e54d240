"""A folder as one layer of an image: the same bytes for the same files, whenever it is packed."""

from __future__ import annotations

import hashlib
import os
import subprocess
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from firstlight.errors import FirstlightError

EPOCH = 1_700_000_000
"""Files newer than this (seconds since 1970) get this date; what is older keeps its own."""
EMPTY = {"dev", "proc", "sys", "run", "tmp"}
"""Folders of a root that a running container fills: packed without their content."""
COMPRESS = ("zstd", "--quiet", "--threads=2", "-3", "--stdout")
MEDIA_TYPE = "application/vnd.oci.image.layer.v1.tar+zstd"
BLOCK = 1 << 20


@dataclass(frozen=True)
class Layer:
    """A packed layer: digest and size of the packed file, digest of the tar inside it."""

    digest: str
    size: int
    diff_id: str


class _HashingPipe:
    """What tarfile writes into: hashes on the way to the compressor."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self.digest = hashlib.sha256()

    def write(self, data: bytes) -> int:
        self.digest.update(data)
        return self._stream.write(data)


def pack(root: Path, blobs: Path) -> Layer:
    """Pack ``root`` into ``blobs`` (a folder of files named by SHA-256), owners kept."""
    draft = blobs / "layer.partial"
    with draft.open("wb") as target:
        try:
            child = subprocess.Popen(COMPRESS, stdin=subprocess.PIPE, stdout=target)
        except FileNotFoundError as error:
            raise FirstlightError(
                "the program zstd is not installed", fix="apt-get install zstd"
            ) from error
        with child:
            assert child.stdin is not None
            pipe = _HashingPipe(child.stdin)
            with tarfile.open(fileobj=pipe, mode="w|", format=tarfile.PAX_FORMAT) as archive:  # type: ignore[call-overload]
                for path, name in _walk(root):
                    _add(archive, path, name)
    if child.returncode != 0:
        raise FirstlightError(f"zstd failed with exit code {child.returncode}", where=str(root))
    with draft.open("rb") as packed:
        digest = hashlib.file_digest(packed, "sha256").hexdigest()
    layer = Layer(f"sha256:{digest}", draft.stat().st_size, f"sha256:{pipe.digest.hexdigest()}")
    draft.rename(blobs / digest)
    return layer


def _walk(root: Path) -> Iterator[tuple[Path, str]]:
    """Every entry below ``root`` with its name in the archive, sorted, folders first."""
    with os.scandir(root) as found:
        names = sorted(entry.name for entry in found)
    for name in names:
        path = root / name
        yield path, name
        if path.is_dir() and not path.is_symlink() and name not in EMPTY:
            for below, inner in _below(path):
                yield below, f"{name}/{inner}"


def _below(folder: Path) -> Iterator[tuple[Path, str]]:
    for top, folders, files in os.walk(folder):
        folders.sort()
        for name in sorted([*folders, *files]):
            path = Path(top) / name
            yield path, str(path.relative_to(folder))


def _add(archive: tarfile.TarFile, path: Path, name: str) -> None:
    entry = archive.gettarinfo(path, arcname=name)
    if entry is None:  # a socket
        return
    entry.mtime = min(int(entry.mtime), EPOCH)
    # Names belong to the machine that packs; the numbers are those of the root.
    entry.uname = entry.gname = ""
    if entry.isreg():
        with path.open("rb") as source:
            archive.addfile(entry, source)
    else:
        archive.addfile(entry)
