"""Where weights come from, as one URI: ``SCHEME://LOCATION@REVISION``.

What stands behind the ``@`` never moves: a commit, or a SHA-256 sum. A location that ends in
``/`` is a folder; the sum is then that of its ``SHA256SUMS`` file, which lists all others.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

HF, OLLAMA, HTTPS, HTTP, S3, FILE = "hf", "ollama", "https", "http", "s3", "file"
SUMS = "SHA256SUMS"

_NAME = r"[A-Za-z0-9][\w.-]{0,95}"
_REPOSITORY = re.compile(rf"{_NAME}/{_NAME}(?<!\.git)", re.ASCII)
_OLLAMA = re.compile(rf"(?:{_NAME}/)?{_NAME}(?::[\w][\w.-]{{0,127}})?", re.ASCII)
_AUTHORITY = r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9a-fA-F:.]+\])(?::[0-9]{1,5})?"
_WEB = re.compile(rf"{_AUTHORITY}/[\x21-\x7e]+")
_S3 = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/[^?]+(?:\?region=[a-z0-9-]{2,32})?")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")

EXAMPLES = {
    HF: "hf://Qwen/Qwen3-8B@COMMIT",
    OLLAMA: "ollama://qwen3:8b@sha256:…",
    HTTPS: "https://files.example.net/models/qwen3-8b/@sha256:…",
    HTTP: "http://files.internal/models/qwen3-8b.gguf@sha256:…",
    S3: "s3://models/qwen3-8b/@sha256:…",
    FILE: "file:///mnt/usb/qwen3-8b/@sha256:…",
}


class SourceError(ValueError):
    """The text is no source of weights; the message says what is expected, with an example."""


def _climbs(location: str) -> bool:
    return any(part in ("..", ".") for part in location.split("/"))


def _web(location: str) -> bool:
    return bool(_WEB.fullmatch(location)) and not re.search(r"[#@\\]", location)


def _path(location: str) -> bool:
    return re.fullmatch(r"/[^\\\x00-\x20\x7f/][^\\\x00-\x20\x7f]*", location) is not None


_LOCATIONS: dict[str, Callable[[str], bool]] = {
    HF: lambda text: bool(_REPOSITORY.fullmatch(text)),
    OLLAMA: lambda text: bool(_OLLAMA.fullmatch(text)),
    HTTPS: _web,
    HTTP: _web,
    S3: lambda text: bool(_S3.fullmatch(text)) and not re.search(r"[^\x21-\x7e]|[#@\\]", text),
    FILE: _path,
}


@dataclass(frozen=True)
class Source:
    """A source of weights. ``revision`` is empty, or a branch's name, where none is pinned."""

    scheme: str
    location: str
    revision: str = ""

    @classmethod
    def parse(cls, text: str) -> Source:
        """Read a URI. Raises :class:`SourceError`, whose text says what is expected instead."""
        scheme, found, rest = text.partition("://")
        if not found or scheme not in EXAMPLES:
            raise SourceError(f"one of {', '.join(EXAMPLES.values())}")
        location, revision = _split(rest)
        known = _LOCATIONS[scheme](location) and not _climbs(location)
        if not known or rest.endswith("@") or not _fits(scheme, revision):
            raise SourceError(f"weights such as {EXAMPLES[scheme]}")
        return cls(scheme, location, revision)

    def __str__(self) -> str:
        return f"{self.scheme}://{self.location}" + (f"@{self.revision}" if self.revision else "")

    @property
    def pinned(self) -> bool:
        """Whether the revision is one that can never mean other bytes."""
        pattern = _COMMIT if self.scheme == HF else _DIGEST
        return bool(pattern.fullmatch(self.revision))

    def at(self, revision: str) -> Source:
        """The same place at another revision."""
        return replace(self, revision=revision)

    @property
    def digest(self) -> str:
        """The 64 hex digits of a pinned SHA-256 sum; empty for commits."""
        return self.revision.removeprefix("sha256:") if _DIGEST.fullmatch(self.revision) else ""

    @property
    def is_folder(self) -> bool:
        """Whether a ``SHA256SUMS`` file beside the weights lists them."""
        return self.scheme not in (HF, OLLAMA) and self.path.endswith("/")

    @property
    def path(self) -> str:
        """The location without what is asked of it (the query)."""
        return self.location.partition("?")[0]

    @property
    def query(self) -> str:
        """What stands behind the location's question mark; empty where there is none."""
        return self.location.partition("?")[2]

    @property
    def region(self) -> str:
        """The region that ``?region=…`` of an S3 location names; empty if none."""
        return self.query.removeprefix("region=") if self.scheme == S3 else ""

    @property
    def name(self) -> str:
        """The last part of the location: what a folder of these weights is called after."""
        return self.path.rstrip("/").rsplit("/", 1)[-1]

    @property
    def repo(self) -> str:
        """The repository of an ``hf`` source; empty for others."""
        return self.location if self.scheme == HF else ""


def _split(rest: str) -> tuple[str, str]:
    """Part a location from its revision: the last ``@``, since a file's name may hold one."""
    location, found, revision = rest.rpartition("@")
    return (location, revision) if found else (rest, "")


def _fits(scheme: str, revision: str) -> bool:
    if not revision:
        return True
    if scheme == HF:  # a branch or tag, which the lock turns into a commit
        return re.fullmatch(r"[\w][\w./-]{0,127}", revision, re.ASCII) is not None
    return bool(_DIGEST.fullmatch(revision))
