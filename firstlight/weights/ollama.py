"""Models of an Ollama registry, laid out the way Ollama's own store is.

Runs on the host, in ``fetch.pyz``. The registry speaks the OCI distribution protocol: a manifest
by tag, which names blobs by digest. What Ollama calls a model's digest is the SHA-256 sum of the
manifest's bytes, so they are kept as they came.
"""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

from firstlight.weights.source import Source
from firstlight.weights.wanted import FetchError, Job, Wanted
from firstlight.weights.web import Web, bearer

REGISTRY = "https://registry.ollama.ai"
MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


class Registry:
    """The model of one job."""

    def __init__(self, job: Job, source: Source, token: str | None) -> None:
        self.name, self.digest = job["name"], source.digest
        model, _, self.tag = source.location.partition(":")
        self.model = model if "/" in model else f"library/{model}"
        self.root = f"{job['hub'] or REGISTRY}/v2/{self.model}"
        self.web = Web(bearer(token))
        self.manifest = b""

    def look_up(self) -> list[Wanted]:
        """Ask for the manifest and what it names. Raises :class:`FetchError`."""
        self.manifest = self._manifest()
        place = f"manifests/registry.ollama.ai/library/{self.name}/latest"
        wanted = [Wanted(place, len(self.manifest), f"sha256:{self.digest}")]
        try:
            parts = json.loads(self.manifest)
            for part in (parts["config"], *parts["layers"]):
                digest, size = part["digest"], part["size"]
                if not DIGEST.fullmatch(digest) or type(size) is not int or size < 0:
                    raise ValueError(f"a layer named {digest!r} of size {size!r}")
                path = f"blobs/{digest.replace(':', '-')}"
                wanted.append(Wanted(path, size, digest, f"{self.root}/blobs/{digest}"))
        except (ValueError, KeyError, TypeError) as error:
            raise FetchError(
                f"the manifest of {self.model} is not understood",
                f"{type(error).__name__}: {error}",
                "check the model's weights: it has to be a model of an Ollama registry",
            ) from None
        return list({want.path: want for want in wanted}.values())

    def download(self, want: Wanted, path: Path) -> None:
        """Fetch one file to ``path``, continuing what is there."""
        if want.origin:
            self.web.download(want, path)
        else:
            path.write_bytes(self.manifest)

    def _manifest(self) -> bytes:
        """The manifest with the pinned digest: by its tag, which may have moved, or by digest."""
        what, found = f"{self.model}:{self.tag or 'latest'}", ""
        for reference in (self.tag or "latest", f"sha256:{self.digest}"):
            try:
                content = self.web.text(f"{self.root}/manifests/{reference}", what, MANIFEST)
            except FetchError:
                if not found:
                    raise
                break  # registries need not give manifests by digest
            if hashlib.sha256(content).hexdigest() == self.digest:
                return content
            found = found or hashlib.sha256(content).hexdigest()
        raise FetchError(
            f"{what} is not the pinned one any more",
            f"expected sha256:{self.digest}, the registry has sha256:{found}",
            "run `firstlight lock --update INVENTORY` to take the new one",
        )
