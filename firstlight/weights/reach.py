"""Which hosts the fetch of some weights may reach: its hub, and where that sends downloads on to."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from firstlight.catalogue.hubs import public_hubs
from firstlight.weights.listed import FIRST_REGION
from firstlight.weights.source import FILE, HTTP, HTTPS, S3

if TYPE_CHECKING:
    from firstlight.weights.wants import Want

PORTS = {"https": 443, "http": 80}


def reached(want: Want) -> tuple[tuple[str, int], ...]:
    """Return hosts and TCP ports, the hub's own first; none where nothing is fetched by network."""
    source, content = want.source, tuple[str, ...]()
    if source.scheme == FILE:
        return ()
    if source.scheme in (HTTP, HTTPS):
        hub = f"{source.scheme}://{source.location}"
    elif source.scheme == S3:
        hub = want.hub or f"https://s3.{source.region or FIRST_REGION}.amazonaws.com"
    elif want.hub:
        hub = want.hub
    else:
        row = public_hubs()[source.scheme]
        hub, content = row.url, row.content
    first = endpoint(hub)
    further = [endpoint(f"https://{host}") for host in content]
    further += [endpoint(f"https://{host}") for host in want.hub_hosts]
    return tuple(dict.fromkeys([first, *further]))


def endpoint(url: str) -> tuple[str, int]:
    """Return host and TCP port of ``url``."""
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or PORTS[parts.scheme]
