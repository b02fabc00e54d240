"""An image that is another one and one more layer: nothing of the other is packed again."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from firstlight.errors import FirstlightError
from firstlight.lab.images import layer, oci
from firstlight.lab.images.oci import ImageConfig


def write(layout: Path, base: Path, root: Path, config: ImageConfig) -> str:
    """Write ``base`` with ``root`` as its last layer; return the manifest's digest.

    ``layout`` must not exist yet, and lie on the file system of the layout ``base``: blobs are
    linked, not copied. Raises FirstlightError if ``base`` is damaged.
    """
    try:
        manifest, image = _read(base)
    except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
        raise FirstlightError(
            "a cached image is damaged", where=str(base), why=repr(error), fix=f"rm -r '{base}'"
        ) from error
    blobs = layout / "blobs" / "sha256"
    blobs.mkdir(parents=True)
    for described in manifest["layers"]:
        name = described["digest"].removeprefix("sha256:")
        os.link(base / "blobs" / "sha256" / name, blobs / name)
    packed = layer.pack(root, blobs)
    image["config"] = config.to_json()
    image["history"].append({"created": image["created"], "created_by": "firstlight lab"})
    image["rootfs"]["diff_ids"].append(packed.diff_id)
    manifest["config"] = oci.blob(blobs, image, oci.CONFIG_TYPE)
    manifest["layers"].append(
        {"mediaType": layer.MEDIA_TYPE, "digest": packed.digest, "size": packed.size}
    )
    return oci.finish(layout, manifest)


def _read(base: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """The manifest and the image configuration of the one image in ``base``."""
    blobs = base / "blobs" / "sha256"

    def blob(described: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(
            (blobs / described["digest"].removeprefix("sha256:")).read_bytes()
        )
        return found

    manifest = blob(json.loads((base / "index.json").read_bytes())["manifests"][0])
    return manifest, blob(manifest["config"])
