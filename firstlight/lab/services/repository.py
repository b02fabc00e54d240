"""Repositories of the lab's model hub: folders on disk, seen as commits with blobs."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from firstlight.lab.services import gitobjects
from firstlight.lab.state import read_json

MAIN = "main"
COMMITTED = "2023-11-14T22:13:20.000Z"
"""The date in every commit (`gitobjects.AUTHOR`)."""


@dataclass(frozen=True)
class Entry:
    """One file of a commit; ``blob`` is its git id, ``sha256`` set if it is a large file."""

    path: str
    source: Path
    size: int
    blob: str
    pointer_size: int
    sha256: str | None

    @property
    def etag(self) -> str:
        """What a client names its cached copy by."""
        return self.sha256 or self.blob

    def in_tree(self) -> dict[str, Any]:
        """The entry as ``/tree`` and ``/paths-info`` show it."""
        shown: dict[str, Any] = {"type": "file", "oid": self.blob, "size": self.size}
        if self.sha256:
            shown["lfs"] = {
                "oid": self.sha256, "size": self.size, "pointerSize": self.pointer_size
            }  # fmt: skip
        return {**shown, "path": self.path}

    def as_sibling(self, *, blobs: bool) -> dict[str, Any]:
        """The entry as ``/api/models/…`` shows it; sizes and ids only when asked for."""
        shown: dict[str, Any] = {"rfilename": self.path}
        if blobs:
            shown |= {"blobId": self.blob, "size": self.size}
            if self.sha256:
                shown["lfs"] = {
                    "sha256": self.sha256, "size": self.size, "pointerSize": self.pointer_size
                }  # fmt: skip
        return shown


@dataclass(frozen=True)
class Snapshot:
    """All files of one commit, by path."""

    commit: str
    entries: dict[str, Entry]

    @property
    def size(self) -> int:
        """Bytes of all files together."""
        return sum(entry.size for entry in self.entries.values())

    def below(self, folder: str, *, recursive: bool) -> list[dict[str, Any]] | None:
        """What ``/tree`` lists for ``folder`` ("" is the top); None if there is no such folder."""
        prefix = f"{folder}/" if folder else ""
        inside = {path: entry for path, entry in self.entries.items() if path.startswith(prefix)}
        if not inside and folder:
            return None
        folders: dict[str, dict[str, str]] = {}
        shown: list[dict[str, Any]] = []
        for path, entry in inside.items():
            rest = path.removeprefix(prefix)
            parts = rest.split("/")[:-1]
            for depth in range(1, len(parts) + 1):
                name = prefix + "/".join(parts[:depth])
                folders.setdefault(name, {})[path.removeprefix(f"{name}/")] = entry.blob
            if recursive or not parts:
                shown.append(entry.in_tree())
        for name, blobs in folders.items():
            if recursive or "/" not in name.removeprefix(prefix):
                shown.append({"type": "directory", "oid": gitobjects.tree(blobs), "path": name})
        return sorted(shown, key=lambda item: str(item["path"]))


@dataclass(frozen=True)
class Repository:
    """A model repository: its snapshots by branch, and whether it asks for a token."""

    name: str
    branches: dict[str, Snapshot]
    gated: bool

    def snapshot(self, revision: str) -> Snapshot | None:
        """The snapshot of a branch, or of a commit by its whole id or seven digits of it."""
        if revision in self.branches:
            return self.branches[revision]
        if len(revision) >= 7:
            for snapshot in self.branches.values():
                if snapshot.commit.startswith(revision):
                    return snapshot
        return None

    def information(self, snapshot: Snapshot, *, blobs: bool) -> dict[str, Any]:
        """What ``/api/models/…`` answers for ``snapshot``."""
        return {
            "_id": snapshot.commit[:24],
            "id": self.name,
            "modelId": self.name,
            "author": self.name.partition("/")[0],
            "sha": snapshot.commit,
            "lastModified": COMMITTED,
            "createdAt": COMMITTED,
            "private": False,
            "gated": "auto" if self.gated else False,
            "disabled": False,
            "downloads": 0,
            "likes": 0,
            "tags": ["llama", "random-weights"],
            "usedStorage": snapshot.size,
            "siblings": [
                entry.as_sibling(blobs=blobs) for _, entry in sorted(snapshot.entries.items())
            ],
        }


def load(root: Path) -> dict[str, Repository]:
    """Read ``root/repos/OWNER/NAME/BRANCH/…``; ``root/hub.json`` names the gated ones."""
    gated = (read_json(root / "hub.json") or {}).get("gated", [])
    found: dict[str, Repository] = {}
    for folder in sorted((root / "repos").glob("*/*")):
        name = f"{folder.parent.name}/{folder.name}"
        branches = {
            branch.name: read(branch, name)
            for branch in sorted(folder.iterdir())
            if branch.is_dir()
        }
        found[name] = Repository(name, branches, name in gated)
    return found


def read(folder: Path, name: str) -> Snapshot:
    """Hash every file of ``folder``; the commit depends on paths, contents and ``name`` only."""
    entries: dict[str, Entry] = {}
    for source in sorted(folder.rglob("*")):
        if source.is_file():
            entry = _entry(source, source.relative_to(folder).as_posix())
            entries[entry.path] = entry
    top = gitobjects.tree({path: entry.blob for path, entry in entries.items()})
    return Snapshot(gitobjects.commit(top, name), entries)


def _entry(source: Path, path: str) -> Entry:
    size = source.stat().st_size
    if not gitobjects.is_large(path):
        return Entry(path, source, size, gitobjects.blob(source.read_bytes()), 0, None)
    with source.open("rb") as stream:
        sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
    pointer = gitobjects.pointer(sha256, size)
    return Entry(path, source, size, gitobjects.blob(pointer), len(pointer), sha256)
