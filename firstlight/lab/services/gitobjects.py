"""Names that git would give: blobs, trees, commits, and pointers of large files (LFS)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

LFS_SUFFIXES = (".safetensors", ".gguf", ".bin", "tokenizer.json")
"""Endings of files that a repository keeps outside git, as on the real hub."""
AUTHOR = "firstlight lab <lab@firstlight.invalid> 1700000000 +0000"


def is_large(path: str) -> bool:
    """Whether ``path`` is kept as a pointer in git and as a SHA-256 object beside it."""
    return path.endswith(LFS_SUFFIXES)


def pointer(sha256: str, size: int) -> bytes:
    """The text that stands in git for a large file."""
    text = f"version https://git-lfs.github.com/spec/v1\noid sha256:{sha256}\nsize {size}\n"
    return text.encode()


def blob(content: bytes) -> str:
    """Object id of a file's content."""
    return _name("blob", content)


def tree(blobs: Mapping[str, str]) -> str:
    """Object id of a folder with files ``path → blob id``; paths may have slashes."""
    files: dict[str, str] = {}
    folders: dict[str, dict[str, str]] = {}
    for path, oid in blobs.items():
        first, slash, rest = path.partition("/")
        if slash:
            folders.setdefault(first, {})[rest] = oid
        else:
            files[first] = oid
    entries = [(name, "100644", oid) for name, oid in files.items()]
    entries += [(name + "/", "40000", tree(inner)) for name, inner in folders.items()]
    body = b"".join(
        f"{mode} {name.rstrip('/')}\0".encode() + bytes.fromhex(oid)
        for name, mode, oid in sorted(entries)
    )
    return _name("tree", body)


def commit(tree_id: str, message: str) -> str:
    """Object id of a commit without parents; date and author never change."""
    text = f"tree {tree_id}\nauthor {AUTHOR}\ncommitter {AUTHOR}\n\n{message}\n"
    return _name("commit", text.encode())


def _name(kind: str, body: bytes) -> str:
    return hashlib.sha1(f"{kind} {len(body)}\0".encode() + body, usedforsecurity=False).hexdigest()
