"""nginx's configuration as one release: a folder of files named by their own content.

A release is written beside the one that serves, tested where it stands, and becomes the
current one by a single rename of a link: there is no moment with half of it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from firstlight.edge import backend, errors, gates, limits, routes, tls
from firstlight.edge.pools import Public
from firstlight.engines.instance import Instance
from firstlight.guard.config import SOCKET as GUARD
from firstlight.guard.config import UPSTREAM as POOLS
from firstlight.rendering import render, verbatim
from firstlight.secret import Secret
from firstlight.settings import HostSettings

BASE = "/etc/nginx/firstlight"
RELEASES = f"{BASE}/releases"
CURRENT = f"{BASE}/current"
SOCKET = "/run/firstlight-edge.sock"
TEMPLATES = "etc/nginx/firstlight"

# The release's own name stands in its files, so its hash is taken with this in its place.
UNNAMED = "0" * 16

PLACES = {
    "http": ("tls.conf", "limits.conf", "log.conf", "telemetry.conf", "dashboards.conf"),
    "inside": ("metrics.conf",),
    "challenge": ("challenge.conf",),
    "measured": ("measure.conf",),
    "server": ("jwt.conf", "people.conf"),
    "stream": ("stream.conf",),
}
"""Where nginx.conf includes the fragments of its parts, those that there are."""

Texts = Mapping[str, str | Secret]
Fragments = Callable[[str], Texts]
"""From the release's folder to files of it: what a part (TLS, keys, log …) adds to a release."""


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


@dataclass(frozen=True)
class Content:
    """What nginx of one host answers for.

    ``publics`` are the models behind its public door, none where it has no edge. ``gated`` are
    the instances that other hosts' edges reach here, ``visitors`` the SHA-1 fingerprints of those
    edges' certificates, as nginx names them.
    """

    settings: HostSettings
    publics: tuple[Public, ...]
    gated: tuple[Instance, ...]
    visitors: tuple[str, ...] = ()
    ipv6: bool = True
    http2_directive: bool = True
    map_size: int = 2048
    fragments: tuple[Fragments, ...] = field(default=())


def authority(settings: HostSettings) -> str:
    """Return the host part of the public URL, with its port unless it is HTTPS's own."""
    domain = f"[{settings.domain}]" if ":" in str(settings.domain) else str(settings.domain)
    return domain if settings.edge.port == 443 else f"{domain}:{settings.edge.port}"


def values(content: Content, name: str, parts: Texts) -> dict[str, Any]:
    """Return what the templates of the release called ``name`` are rendered with."""
    edge = content.settings.edge
    pools = gates.upstreams(content.publics, edge.guard)
    places = {place: [file for file in files if file in parts] for place, files in PLACES.items()}
    return {
        **places,
        "release": name,
        "folder": f"{RELEASES}/{name}",
        "socket": SOCKET,
        "public": bool(content.publics),
        "domain": content.settings.domain,
        "authority": authority(content.settings),
        "listen": tls.doors(content.settings, ipv6=content.ipv6).listen,
        "http_port": edge.http_port,
        "body_limit": edge.body_limit,
        "read_timeout": edge.read_timeout,
        "strangers_burst": edge.strangers.burst,
        "ipv6": content.ipv6,
        "hsts": tls.hsts(content.settings),
        "http2_directive": content.http2_directive,
        "jwt": "jwt.js" in parts,
        "pools": pools,
        "guarded": [pool for pool in pools if pool["guarded"]],
        "guard_socket": GUARD,
        "guard_upstream": POOLS,
        "doors": gates.doors(content.publics),
        "gates": gates.gates(content.gated),
        "visitors": content.visitors,
        "paths": routes.paths(content.publics),
        "lists": routes.lists(content.publics),
        "errors": errors.ANSWERS,
        "gate_errors": errors.OF_GATES,
        "map_size": content.map_size,
        "bucket": limits.BUCKET,
        "unavailable": errors.UNAVAILABLE,
    }


def texts(content: Content, name: str) -> dict[str, str | Secret]:
    """Return the files of the release called ``name``."""
    folder = f"{RELEASES}/{name}"
    parts: dict[str, str | Secret] = dict(backend.files(None))
    for fragments in content.fragments:
        parts |= fragments(folder)
    given = values(content, name, parts)
    rendered = ["nginx.conf", "proxy.conf", "pools.conf"]
    copied: list[str] = []
    if content.publics:
        rendered += ["public.conf", "errors.conf", "headers.conf", "client.js"]
        copied += ["route.js", "model.js"]
        copied += ["silent.js"] if given["doors"] else []
        parts["unauthorized.json"] = errors.UNAUTHORIZED.body
        parts["routes.js"] = routes.script(content.publics)
    if content.gated:
        rendered.append("gates.conf")
    made = {file: render(f"{TEMPLATES}/{file}", **given) for file in rendered}
    for to in given["pools"]:
        made[f"to-{to['name']}.conf"] = render(f"{TEMPLATES}/to.conf", folder=folder, to=to)
    return {**made, **{file: verbatim(f"{TEMPLATES}/{file}") for file in copied}, **parts}


def release(content: Content) -> Release:
    """Return the release for ``content``: pure, the same for the same input."""
    plain = {
        key: text.reveal() if isinstance(text, Secret) else text
        for key, text in texts(content, UNNAMED).items()
    }
    name = hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()[:16]
    return Release(name, texts(content, name))
