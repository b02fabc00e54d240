"""Names in the store of weights on a host."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from firstlight.weights.source import HF, OLLAMA, Source

STORE = "/srv/models"
INCOMING = f"{STORE}/.incoming"
BLOBS = f"{STORE}/.blobs"
"""Every file once, named by its checksum; folders of weights hold hard links to them."""
MARKER = ".firstlight.json"
"""The done-marker: it exists only inside a folder whose every file was checked."""

WRONG = ".firstlight.wrong.json"
"""Beside a done-marker: the files that a check found wrong since."""


def source_of(marker: Mapping[str, Any]) -> str:
    """Return where a done-marker's weights came from; the first release wrote it in two parts."""
    if "source" in marker or not {"repo", "revision"} <= set(marker):
        return str(marker.get("source", ""))
    return f"{HF}://{marker['repo']}@{marker['revision']}"


class Choice(Protocol):
    """Weights of a source, and which of its files: a want, or a model."""

    @property
    def name(self) -> str: ...
    @property
    def source(self) -> Source: ...
    @property
    def include(self) -> Sequence[str]: ...
    @property
    def file(self) -> str | None: ...


def folder(want: Choice) -> str:
    """Return the folder of what is wanted: location, revision, chosen files.

    Two models with the same choice of files share one folder. In Ollama's layout the model's
    name is a file's path, so there the name is part of the choice.
    """
    source = want.source
    parts = [*sorted(want.include), want.file or ""]
    if source.scheme != HF:  # names of one kind of source must not meet those of another
        parts += [str(source), want.name if source.scheme == OLLAMA else ""]
    short = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:8]
    place = source.location if source.scheme == HF else f"{source.scheme}-{source.name}"
    readable = re.sub(r"[^A-Za-z0-9._-]", "-", place.replace("/", "--"))[:100]
    return f"{STORE}/{readable}@{source.revision.removeprefix('sha256:')[:12]}-{short}"
