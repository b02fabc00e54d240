"""What a name and tag of an Ollama registry mean now: the digest of the manifest, its blobs."""

from __future__ import annotations

import hashlib
import json
import urllib.error
import urllib.request

from firstlight.errors import FirstlightError
from firstlight.lock.section import File, Weights
from firstlight.weights.ollama import MANIFEST, REGISTRY
from firstlight.weights.source import Source

TIMEOUT_SECONDS = 30.0
LARGEST_BYTES = 4 * 2**20


def manifest(source: Source, hub: str | None, where: str) -> Weights:
    """Return the digest of the manifest that ``source`` means now, and what it names.

    ``hub`` is the registry's URL (None: Ollama's own), ``where`` the setting, for errors. Raises
    :class:`FirstlightError`.
    """
    model, _, tag = source.location.partition(":")
    model = model if "/" in model else f"library/{model}"
    url = f"{hub or REGISTRY}/v2/{model}/manifests/{tag or 'latest'}"
    request = urllib.request.Request(url, headers={"Accept": MANIFEST})
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:
            body = answer.read(LARGEST_BYTES)
    except urllib.error.HTTPError as error:
        raise FirstlightError(
            f"the Ollama registry does not give {source}",
            where=where,
            why=f"{url} answers HTTP {error.code}",
            fix="check the model's name and tag" if error.code == 404 else "try again later",
        ) from None
    except (OSError, ValueError) as error:
        raise FirstlightError(
            "the Ollama registry cannot be asked from here",
            where=where,
            why=f"{url}: {getattr(error, 'reason', error)}",
            fix="check the network and the model's hub",
        ) from None
    try:
        found = json.loads(body)
        blobs = [found["config"], *found["layers"]]
        files = {
            _path(blob["digest"]): File(bytes=blob["size"], sum=blob["digest"]) for blob in blobs
        }
    except (ValueError, KeyError, TypeError, AttributeError):
        raise FirstlightError(
            f"the manifest of {source} is not understood",
            where=where,
            why=f"{url} does not answer with a manifest of a model",
            fix="check the model's hub: it has to be an Ollama registry",
        ) from None
    return Weights(revision=f"sha256:{hashlib.sha256(body).hexdigest()}", files=files)


def _path(digest: str) -> str:
    return f"blobs/{digest.replace(':', '-')}"
