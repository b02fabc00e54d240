"""The edge's configuration as one release: a folder of files named by their own content.

A release is written beside the one that serves, tested where it stands, and becomes the
current one by a single rename of a link: there is no moment with half of it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from firstlight.edge.routes import locations, served, upstreams
from firstlight.engines.instance import Instance
from firstlight.keys import digest
from firstlight.pki import Leaf
from firstlight.rendering import render, verbatim
from firstlight.secret import Secret
from firstlight.settings import HostSettings

BASE = "/etc/nginx/firstlight"
RELEASES = f"{BASE}/releases"
CURRENT = f"{BASE}/current"
SOCKET = "/run/firstlight-edge.sock"

# The release's own name stands in its files, so its hash is taken with this in its place.
UNNAMED = "0" * 16


@dataclass(frozen=True)
class Release:
    """``name`` is the hash of the content; ``files`` are its texts by file name."""

    name: str
    files: dict[str, str | Secret]

    @property
    def folder(self) -> str:
        return f"{RELEASES}/{self.name}"

    @property
    def digest(self) -> str:
        """SHA-256 of all files' contents, in the order of their names."""
        texts = (self.files[name] for name in sorted(self.files))
        plain = (text.reveal() if isinstance(text, Secret) else text for text in texts)
        return hashlib.sha256("".join(plain).encode()).hexdigest()


def error_body(message: str, kind: str, code: str) -> str:
    """Return an error in the shape that OpenAI's clients understand."""
    return json.dumps({"error": {"message": message, "type": kind, "param": None, "code": code}})


ERRORS = (
    ("bad_request", 400, (), "The request cannot be read.", "invalid_request_error", "bad_request"),
    ("unauthorized", 401, ("WWW-Authenticate 'Bearer realm=\"firstlight\"'",),
     "Missing or unknown API key.", "invalid_request_error", "invalid_api_key"),
    ("not_found", 404, (), "There is nothing at this path.", "invalid_request_error", "not_found"),
    ("not_allowed", 405, ("Allow POST",),
     "This path takes POST requests only.", "invalid_request_error", "method_not_allowed"),
    ("too_large", 413, (),
     "The request body is too large.", "invalid_request_error", "request_too_large"),
    ("unavailable", 503, ("Retry-After 5",),
     "The model is not answering at the moment.", "server_error", "model_unavailable"),
)  # fmt: skip


def authority(settings: HostSettings) -> str:
    """Return the host part of the public URL, with its port unless it is HTTPS's own."""
    domain = f"[{settings.domain}]" if ":" in str(settings.domain) else str(settings.domain)
    return domain if settings.edge.port == 443 else f"{domain}:{settings.edge.port}"


def texts(
    settings: HostSettings,
    instances: Sequence[Instance],
    name: str,
    *,
    ipv6: bool,
    http2_directive: bool,
) -> dict[str, str]:
    """Return the texts of the release called ``name`` that hold no secret."""
    models = served(instances)
    errors = [
        {"name": n, "status": s, "headers": h, "body": error_body(m, k, c)}
        for n, s, h, m, k, c in ERRORS
    ]
    folder = f"{RELEASES}/{name}"
    main = render(
        "etc/nginx/firstlight/nginx.conf",
        release=name,
        folder=folder,
        socket=SOCKET,
        domain=settings.domain,
        authority=authority(settings),
        port=settings.edge.port,
        http_port=settings.edge.http_port,
        body_limit=settings.edge.body_limit,
        read_timeout=settings.edge.read_timeout,
        ipv6=ipv6,
        http2_directive=http2_directive,
        upstreams=upstreams(models),
        locations=locations(models),
        errors=errors,
        unavailable=errors[-1],
    )
    return {
        "nginx.conf": main,
        "proxy.conf": render(
            "etc/nginx/firstlight/proxy.conf",
            folder=folder,
            read_timeout=settings.edge.read_timeout,
        ),
        "headers.conf": verbatim("etc/nginx/firstlight/headers.conf"),
        "apikey.js": verbatim("etc/nginx/firstlight/apikey.js"),
    }


def release(
    settings: HostSettings,
    instances: Sequence[Instance],
    keys: Mapping[str, Secret],
    leaf: Leaf,
    *,
    ipv6: bool,
    http2_directive: bool,
) -> Release:
    """Return the edge's release before ``instances``: pure, the same for the same input.

    ``keys`` are the API keys by name: only their digests are in the release.
    """
    digests = {digest(key): name for name, key in keys.items()}
    secrets: dict[str, str | Secret] = {
        "keys.map": "".join(f"{value} {name};\n" for value, name in sorted(digests.items())),
        "tls.crt": leaf.cert_pem,
        "tls.key": leaf.key,
    }

    def files(name: str) -> dict[str, str | Secret]:
        plain = texts(settings, instances, name, ipv6=ipv6, http2_directive=http2_directive)
        return {**plain, **secrets}

    content = {
        key: text.reveal() if isinstance(text, Secret) else text
        for key, text in files(UNNAMED).items()
    }
    name = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]
    return Release(name, files(name))
