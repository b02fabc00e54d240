"""Models in Ollama's layout: manifests by name, blobs by digest. Only ever read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

REGISTRY, LIBRARY = "registry.ollama.ai", "library"


@dataclass(frozen=True)
class Stored:
    """One model: its short name with the tag, its manifest's digest in hex, its bytes."""

    name: str
    digest: str
    size: int
    missing: tuple[str, ...]
    """Blobs of the manifest that are not there, or are of another size."""


def models(root: Path) -> dict[str, Stored]:
    """The models below ``root`` by name; a manifest that cannot be read counts as none."""
    return {found.name: found for found in _found(root)}


def whole_name(name: str) -> str:
    """A model's name as a client may write it, with the tag it stands for."""
    return name if ":" in name.rpartition("/")[2] else f"{name}:latest"


def _found(root: Path) -> Iterator[Stored]:
    manifests = root / "manifests"
    for path in sorted(manifests.glob("*/*/*/*")):
        try:
            content = path.read_bytes()
            manifest = json.loads(content)
            layers = [*manifest["layers"], manifest["config"]]
            missing = tuple(
                layer["digest"] for layer in layers if not _holds(root, layer["digest"], layer)
            )
            size = sum(int(layer["size"]) for layer in layers)
        except (OSError, ValueError, KeyError, TypeError):
            continue
        host, space, model, tag = path.relative_to(manifests).parts
        place = [part for part in (host, space) if part not in (REGISTRY, LIBRARY)]
        name = "/".join([*place, f"{model}:{tag}"])
        yield Stored(name, hashlib.sha256(content).hexdigest(), size, missing)


def _holds(root: Path, digest: str, layer: dict[str, int]) -> bool:
    blob = root / "blobs" / str(digest).replace(":", "-")
    return blob.is_file() and blob.stat().st_size == int(layer["size"])
