"""TLS of the public port, as files of a release: what is spoken, and with which certificate.

A certificate that the control machine has is in the release itself, tested and taken back with
it. One that the host renews by itself lies outside, in a folder that the release names.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from firstlight.catalogue.tls import tls_profiles
from firstlight.rendering import render

if TYPE_CHECKING:
    from firstlight.pki import Leaf
    from firstlight.secret import Secret
    from firstlight.settings import HostSettings

STATE = "/var/lib/firstlight/tls"
"""What hosts make themselves: by mode and domain, so that an older release finds its own."""
# In the folder of the gates: who speaks there can say who the client is.
DOOR = "/run/firstlight-gates/.door.sock"
ACME_DOOR = "/run/firstlight-gates/.acme.sock"
ACME_HTTP_PORT, ACME_TLS_PORT = 402, 403
"""Loopback ports at which lego answers while it asks for a certificate.

They are privileged: whoever can listen there gets a certificate for the domain.
"""


@dataclass(frozen=True)
class Doors:
    """How the public HTTPS server is reached.

    ``listen`` are the words after nginx's ``listen``, without ``ssl`` and ``http2``. With
    ``stream`` the TCP port is nginx's stream module's, which looks at what a client wants to
    speak and hands it on by a socket: nginx.conf then loads the module and includes stream.conf
    outside of http. ``sockets`` are files that a killed nginx leaves behind.
    """

    listen: tuple[str, ...]
    stream: bool = False
    sockets: tuple[str, ...] = ()


def place(settings: HostSettings) -> str:
    """Return the folder on the host with the certificates that it renews itself."""
    return f"{STATE}/{settings.edge.tls.mode}/{settings.domain}"


def doors(settings: HostSettings, *, ipv6: bool) -> Doors:
    """Return where the public HTTPS server listens."""
    tls = settings.edge.tls
    if tls.mode == "acme" and tls.acme.challenge == "tls-alpn-01":
        return Doors((f"unix:{DOOR} proxy_protocol",), True, (DOOR, ACME_DOOR))
    return Doors(ports(settings, ipv6=ipv6))


def ports(settings: HostSettings, *, ipv6: bool) -> tuple[str, ...]:
    """Return the TCP addresses of the public port."""
    port = settings.edge.port
    return (f"{port}", f"[::]:{port}") if ipv6 else (f"{port}",)


def hsts(settings: HostSettings) -> str:
    """Return the value of Strict-Transport-Security; empty: the header is not sent."""
    seconds = settings.edge.tls.hsts
    return f"max-age={seconds}" if seconds else ""


def files(
    settings: HostSettings,
    certificate: Leaf | None,
    *,
    openssl: str,
    folder: str,
    ipv6: bool,
) -> dict[str, str | Secret]:
    """Return tls.conf, challenge.conf, where it is needed stream.conf, and the certificate.

    ``certificate`` is what ``site.certificate`` says: None where the host makes its own.
    ``openssl`` is the version on the host, ``folder`` the release's.
    """
    tls, profile = settings.edge.tls, tls_profiles()[settings.edge.tls.profile]
    way = doors(settings, ipv6=ipv6)
    made: dict[str, str | Secret] = {
        "tls.conf": render(
            "etc/nginx/firstlight/tls.conf",
            profile=tls.profile,
            pair=folder if certificate else f"{place(settings)}/current",
            protocols=profile.protocols,
            ciphers=profile.ciphers,
            groups=profile.groups_of(openssl),
            behind=way.stream,
        ),
        "challenge.conf": render(
            "etc/nginx/firstlight/challenge.conf",
            port=ACME_HTTP_PORT if tls.mode == "acme" and tls.acme.challenge == "http-01" else 0,
        ),
    }
    if certificate:
        made |= {"tls.crt": certificate.cert_pem, "tls.key": certificate.key}
    if way.stream:
        made["stream.conf"] = render(
            "etc/nginx/firstlight/stream.conf",
            ports=ports(settings, ipv6=ipv6),
            door=DOOR,
            acme_door=ACME_DOOR,
            acme_port=ACME_TLS_PORT,
            # Longer than the server behind it waits: that one ends a request with an answer.
            timeout=settings.edge.read_timeout + 60,
        )
    return made
