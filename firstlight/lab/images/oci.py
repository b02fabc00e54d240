"""OCI image layouts, written without a container engine."""

from __future__ import annotations

import datetime
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from firstlight.lab.images import layer
from firstlight.lab.state import read_json

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
CONFIG_TYPE = "application/vnd.oci.image.config.v1+json"
MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
INDEX_TYPE = "application/vnd.oci.image.index.v1+json"
NAME = "image"
"""The name of the one image in a layout."""


@dataclass(frozen=True)
class ImageConfig:
    """What a container of the image starts with."""

    entrypoint: tuple[str, ...]
    environment: dict[str, str] = field(default_factory=dict)
    working_directory: str = "/"
    port: int | None = None
    labels: dict[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """The ``config`` object of the image configuration."""
        variables = {"PATH": PATH, **self.environment}
        config: dict[str, Any] = {
            "Entrypoint": list(self.entrypoint),
            "Env": [f"{name}={value}" for name, value in variables.items()],
            "WorkingDir": self.working_directory,
        }
        if self.port is not None:
            config["ExposedPorts"] = {f"{self.port}/tcp": {}}
        if self.labels:
            config["Labels"] = dict(self.labels)
        return config


def write(layout: Path, roots: Sequence[Path], config: ImageConfig, architecture: str) -> str:
    """Write an image with one layer for each of ``roots``; return its manifest's digest.

    ``layout`` must not exist yet; ``architecture`` is Debian's and Docker's name (amd64).
    """
    blobs = layout / "blobs" / "sha256"
    blobs.mkdir(parents=True)
    layers = [layer.pack(root, blobs) for root in roots]
    created = datetime.datetime.fromtimestamp(layer.EPOCH, datetime.UTC).strftime("%FT%TZ")
    image = {
        "architecture": architecture,
        "config": config.to_json(),
        "created": created,
        "history": [{"created": created, "created_by": "firstlight lab"} for _ in layers],
        "os": "linux",
        "rootfs": {"type": "layers", "diff_ids": [each.diff_id for each in layers]},
    }
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST_TYPE,
        "config": blob(blobs, image, CONFIG_TYPE),
        "layers": [
            {"mediaType": layer.MEDIA_TYPE, "digest": each.digest, "size": each.size}
            for each in layers
        ],
    }
    return finish(layout, manifest)


def finish(layout: Path, manifest: dict[str, Any]) -> str:
    """Make ``manifest``, whose blobs are in ``layout``, its one image; return its digest."""
    described = blob(layout / "blobs" / "sha256", manifest, MANIFEST_TYPE)
    named = {**described, "annotations": {"org.opencontainers.image.ref.name": NAME}}
    index = {"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": [named]}
    (layout / "index.json").write_text(json.dumps(index, sort_keys=True))
    (layout / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    return str(described["digest"])


def digest(layout: Path) -> str | None:
    """The manifest's digest of the image in ``layout``; None if there is no whole layout."""
    index = read_json(layout / "index.json")
    return str(index["manifests"][0]["digest"]) if index else None


def blob(blobs: Path, data: dict[str, Any], media_type: str) -> dict[str, Any]:
    """Write ``data`` into the folder ``blobs`` and return its descriptor."""
    content = json.dumps(data, sort_keys=True, separators=(",", ":")).encode()
    name = hashlib.sha256(content).hexdigest()
    (blobs / name).write_bytes(content)
    return {"mediaType": media_type, "digest": f"sha256:{name}", "size": len(content)}
