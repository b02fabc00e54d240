"""The hub's repositories as other stores have them: plain files, a bucket, Ollama models."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property

from firstlight.lab.services.repository import Entry, Snapshot
from firstlight.weights.ollama import MANIFEST

CONFIG = "config"
MODEL = "application/vnd.ollama.image.model"


def sha256(entry: Entry) -> str:
    """Return the SHA-256 sum of an entry; the hub itself knows those of large files only."""
    return entry.sha256 or hashlib.sha256(entry.source.read_bytes()).hexdigest()


def sums(snapshot: Snapshot) -> bytes:
    """Return the SHA256SUMS of a snapshot, as ``sha256sum`` would write it."""
    lines = (f"{sha256(entry)}  {path}\n" for path, entry in sorted(snapshot.entries.items()))
    return "".join(lines).encode()


@dataclass(frozen=True)
class OllamaModel:
    """The GGUF file of a snapshot as a model of an Ollama registry."""

    gguf: Entry

    @cached_property
    def config(self) -> bytes:
        """The configuration layer."""
        about = {"model_format": "gguf", "model_family": "llama", "architecture": "amd64"}
        return json.dumps({**about, "os": "linux"}).encode()

    @cached_property
    def manifest(self) -> bytes:
        """The manifest, whose SHA-256 sum is what Ollama calls the model's digest."""
        config = {
            "mediaType": "application/vnd.docker.container.image.v1+json",
            "digest": f"sha256:{hashlib.sha256(self.config).hexdigest()}",
            "size": len(self.config),
        }
        layer = {
            "mediaType": MODEL, "digest": f"sha256:{sha256(self.gguf)}", "size": self.gguf.size
        }  # fmt: skip
        made = {"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [layer]}
        return json.dumps(made).encode()

    @cached_property
    def digest(self) -> str:
        """The model's digest."""
        return f"sha256:{hashlib.sha256(self.manifest).hexdigest()}"

    def blob(self, digest: str) -> Entry | bytes | None:
        """Return what has this digest."""
        if digest == f"sha256:{hashlib.sha256(self.config).hexdigest()}":
            return self.config
        return self.gguf if digest == f"sha256:{sha256(self.gguf)}" else None


def ollama_model(snapshot: Snapshot) -> OllamaModel | None:
    """Return a snapshot's first GGUF file as an Ollama model; None if it has none."""
    ggufs = [each for path, each in sorted(snapshot.entries.items()) if path.endswith(".gguf")]
    return OllamaModel(ggufs[0]) if ggufs else None


def described(name: str, snapshot: Snapshot, url: str) -> dict[str, object]:
    """Return for lab.json how a snapshot with a GGUF file is had as an Ollama model."""
    made = ollama_model(snapshot)
    assert made is not None
    size = made.gguf.size + len(made.config) + len(made.manifest)
    return {"weights": f"ollama://{name}@{made.digest}", "url": url, "bytes": size}
