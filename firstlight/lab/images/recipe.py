"""How one engine's image is made, and the key under which the result is kept."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from firstlight.lab.images.oci import ImageConfig

SHARED = ("debian.py", "layer.py", "oci.py")


@dataclass(frozen=True)
class Recipe:
    """An engine's image. ``build`` fills a root folder that does not exist yet."""

    engine: str
    repository: str
    """Its name in a registry: that of the upstream image it stands in for."""
    config: ImageConfig
    build: Callable[[Path], None]
    architectures: tuple[str, ...]
    sources: tuple[str, ...]
    """Files beside this one that ``build`` uses, its own among them."""
    base: Recipe | None = None
    """The image it is laid over; ``build`` then fills one further layer. None: a whole root."""
    tag: str = "lab"
    """Its tag in the lab's registry, which nothing but a person or a lock reads."""

    def key(self, architecture: str) -> str:
        """Content key: the files that decide what is in the image, and the architecture."""
        digest = hashlib.sha256(architecture.encode())
        if self.base is not None:
            digest.update(f"\0{self.base.key(architecture)}\0{self.config}\0".encode())
        for name in sorted({*SHARED, *self.sources}):
            digest.update(f"\0{name}\0".encode() + (Path(__file__).parent / name).read_bytes())
        return f"{self.engine}-{digest.hexdigest()[:12]}"
