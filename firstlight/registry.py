"""Asks an image registry, from the control machine, whether it has an image, and what it needs.

The question is asked before a host is touched, and only for images the host lacks. A registry
that cannot be asked (no route from here, credentials) is not an error: the host may reach it.
"""

from __future__ import annotations

import hashlib
import json
import re
import ssl
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

from firstlight.errors import FirstlightError

ACCEPT = ", ".join(
    (
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.docker.distribution.manifest.v2+json",
    )
)
TIMEOUT_SECONDS = 10
LARGEST_BYTES = 4 * 2**20
_BY_DIGEST = "write the image by digest: `skopeo inspect docker://NAME:TAG` shows it"
_SILENT = (
    "the registry {registry} cannot be asked from here",
    'check the network, and docker.registries["{registry}"].ca if its CA is a private one',
)
_SAYS = {
    0: ("{registry} does not give the image", f"try again later, or {_BY_DIGEST}"),
    401: ("{registry} wants a login", _BY_DIGEST),
    403: ("{registry} wants a login", _BY_DIGEST),
    404: ("the image is not in {registry}", "correct the image's name or tag"),
    429: ("{registry} is asked too often from here", f"try again later, or {_BY_DIGEST}"),
}
"""What a registry's answer to a tag means and how to go on, by HTTP status."""


def split(image: str) -> tuple[str, str, str]:
    """Split an image into registry, repository and digest or tag, as Docker reads it.

    The last is empty for a name with neither; a digest wins over a tag beside it.
    """
    name, _, reference = image.partition("@")
    before, colon, tag = name.rpartition(":")
    if colon and "/" not in tag:  # else it is the port of the registry
        name, reference = before, reference or tag
    first, slash, rest = name.partition("/")
    if slash and (any(mark in first for mark in ".:") or first == "localhost"):
        return first, rest, reference
    return "docker.io", name if slash else f"library/{name}", reference


def answer_of(request: urllib.request.Request, context: ssl.SSLContext) -> tuple[int, bytes, str]:
    """Return HTTP status, body (up to 4 MiB) and WWW-Authenticate header of the answer."""
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS, context=context) as answer:
            return answer.status, answer.read(LARGEST_BYTES), ""
    except urllib.error.HTTPError as error:
        return error.code, b"", error.headers.get("WWW-Authenticate", "")


def anonymous_token(challenge: str, context: ssl.SSLContext) -> str | None:
    """Return the token that a registry's ``challenge`` gives to everybody, if it gives one."""
    fields = dict(re.findall(r'(\w+)="([^"]*)"', challenge))
    if "realm" not in fields or not fields["realm"].startswith("https://"):
        return None
    query = urllib.parse.urlencode({k: v for k, v in fields.items() if k in ("service", "scope")})
    url = f"{fields['realm']}?{query}"
    with urllib.request.urlopen(url, timeout=TIMEOUT_SECONDS, context=context) as answer:
        found = re.search(rb'"(?:access_)?token"\s*:\s*"([^"]+)"', answer.read(65536))
    return found.group(1).decode() if found else None


def answered(
    image: str, path: str, ca: Path | None, method: str = "GET"
) -> tuple[int, bytes] | None:
    """Ask the registry of ``image`` for ``path`` below the image's repository: status and body.

    None where it cannot be asked from here.
    """
    registry, repository, _ = split(image)
    host = "registry-1.docker.io" if registry == "docker.io" else registry
    url = f"https://{host}/v2/{repository}/{path}"
    request = urllib.request.Request(url, method=method, headers={"Accept": ACCEPT})
    try:
        context = ssl.create_default_context(cafile=str(ca) if ca else None)
        status, body, challenge = answer_of(request, context)
        if status == 401 and (token := anonymous_token(challenge, context)):
            # Not sent on to where a registry keeps its blobs: that place has its own signature.
            request.add_unredirected_header("Authorization", f"Bearer {token}")
            status, body, _ = answer_of(request, context)
    except (OSError, ValueError):
        return None
    return status, body


def digest_of(image: str, ca: Path | None, where: str) -> str:
    """Return the digest that the tag of ``image`` means now: of the index, if it has several.

    It is computed from what the registry sends, not believed. Raises where there is no answer:
    what a tag means cannot be left open.
    """
    registry, repository, tag = split(image)
    answer = answered(image, f"manifests/{tag}", ca)
    if answer and answer[0] == 200 and _is_manifest(answer[1]):
        return f"sha256:{hashlib.sha256(answer[1]).hexdigest()}"
    what, fix = _SAYS.get(answer[0], _SAYS[0]) if answer else _SILENT
    raise FirstlightError(
        what.format(registry=registry),
        where=where,
        why=f"asked for {repository}:{tag}"
        + (f", the answer was HTTP {answer[0]}" if answer else ", there was no answer"),
        fix=fix.format(registry=registry),
    )


def _is_manifest(body: bytes) -> bool:
    """Whether this is what images begin with, not somebody's page for logging in."""
    try:
        found = json.loads(body)
    except ValueError:
        return False
    return isinstance(found, dict) and ("manifests" in found or "layers" in found)


def require(image: str, ca: Path | None, where: str) -> None:
    """Raise when the registry answers that it has no such ``image``.

    ``ca`` is the CA certificate file of a private registry; ``where`` is the setting's path.
    """
    registry, repository, digest = split(image)
    answer = answered(image, f"manifests/{digest}", ca, method="HEAD")
    if answer and answer[0] == 404:
        raise FirstlightError(
            "the image is not in the registry",
            where=where,
            why=f"{registry} has no {repository}@{digest}",
            fix="correct the digest (skopeo inspect docker://NAME:TAG shows the present one), or "
            "run `firstlight lock --update INVENTORY` if it is the lock's",
        )


def environment(image: str, ca: Path | None, architecture: str) -> dict[str, str]:
    """Return the environment that an image sets, as its configuration in the registry says.

    ``architecture`` is Docker's word (amd64, arm64). Empty where the registry cannot be asked.
    """
    manifest = document(image, f"manifests/{split(image)[2]}", ca)
    for entry in manifest.get("manifests", ()):
        platform = entry.get("platform", {})
        digest = entry.get("digest")
        if digest and (platform.get("os"), platform.get("architecture")) == ("linux", architecture):
            manifest = document(image, f"manifests/{digest}", ca)
            break
    config = manifest.get("config", {}).get("digest")
    found = document(image, f"blobs/{config}", ca) if config else {}
    words = found.get("config", {}).get("Env") or ()
    return {name: value for name, _, value in (word.partition("=") for word in words)}


def document(image: str, path: str, ca: Path | None) -> dict[str, Any]:
    """Return one JSON object of an image's repository; an empty one where it is not to be had."""
    answer = answered(image, path, ca)
    try:
        found = json.loads(answer[1]) if answer and answer[0] == 200 else {}
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
