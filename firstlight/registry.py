"""Asks an image registry, from the control machine, whether it has an image by digest.

The question is asked before a host is touched, and only for images the host lacks. A registry
that cannot be asked (no route from here, credentials) is not an error: the host may reach it.
"""

from __future__ import annotations

import re
import ssl
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

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


def split(image: str) -> tuple[str, str, str]:
    """Split ``name@sha256:…`` into registry, repository and digest, as Docker reads it."""
    name, _, digest = image.partition("@")
    first, slash, rest = name.partition("/")
    if slash and (any(mark in first for mark in ".:") or first == "localhost"):
        return first, rest, digest
    return "docker.io", name if slash else f"library/{name}", digest


def status_of(request: urllib.request.Request, context: ssl.SSLContext) -> tuple[int, str]:
    """Return the HTTP status and the WWW-Authenticate header of the answer."""
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS, context=context) as answer:
            return answer.status, ""
    except urllib.error.HTTPError as error:
        return error.code, error.headers.get("WWW-Authenticate", "")


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


def require(image: str, ca: Path | None, where: str) -> None:
    """Raise when the registry answers that it has no such ``image``.

    ``ca`` is the CA certificate file of a private registry; ``where`` is the setting's path.
    """
    registry, repository, digest = split(image)
    host = "registry-1.docker.io" if registry == "docker.io" else registry
    url = f"https://{host}/v2/{repository}/manifests/{digest}"
    request = urllib.request.Request(url, method="HEAD", headers={"Accept": ACCEPT})
    try:
        context = ssl.create_default_context(cafile=str(ca) if ca else None)
        status, challenge = status_of(request, context)
        if status == 401 and (token := anonymous_token(challenge, context)):
            request.add_header("Authorization", f"Bearer {token}")
            status, _ = status_of(request, context)
    except (OSError, ValueError):
        return
    if status == 404:
        raise FirstlightError(
            "the image is not in the registry",
            where=where,
            why=f"{registry} has no {repository}@{digest}",
            fix="correct the digest (skopeo inspect docker://NAME:TAG shows the present one)",
        )
