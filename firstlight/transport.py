"""The SSH transport every inventory hands to pyinfra: no Nagle delay, kept alive, counted.

Paramiko leaves Nagle's algorithm on; together with the peer's delayed acknowledgement that
costs about 40 ms per command (measured: 48 ms, and 4 ms without). pyinfra passes the data key
``ssh_paramiko_connect_kwargs`` on to paramiko, so ``{"transport_factory": fast_transport}``
there serves the plain ``pyinfra`` command too.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass
from typing import Any

import paramiko
from paramiko.packet import Packetizer

# Well below the idle time-outs of usual stateful firewalls (5 minutes and more): a weights
# download can leave the connection silent for hours.
KEEPALIVE_SECONDS = 20
# A host whose power or cable is gone does not even say so: TCP alone waits a quarter of an hour
# for its answer to a keep-alive. With this the run ends after 80 s (measured).
SILENCE_SECONDS = 60


@dataclass
class Traffic:
    """What went over SSH to one peer: sessions opened (one per command), bytes on the wire."""

    execs: int = 0
    bytes_out: int = 0
    bytes_in: int = 0


_traffic: dict[str, Traffic] = {}


def traffic_to(address: str) -> Traffic:
    """Return the running counters for the peer at ``address`` (an IP address)."""
    return _traffic.setdefault(address, Traffic())


def traffic() -> dict[str, Traffic]:
    """Return the counters of every peer of this process, by address."""
    return dict(_traffic)


class CountingPacketizer(Packetizer):
    """Paramiko's packetizer, adding what passes to the peer's counters."""

    def __init__(self, sock: Any) -> None:
        super().__init__(sock)
        self.traffic = traffic_to(peer_address(sock))

    def write_all(self, out: Any) -> None:
        self.traffic.bytes_out += len(out)
        super().write_all(out)

    def read_all(self, n: int, check_rekey: bool = False) -> bytes:
        data: bytes = super().read_all(n, check_rekey)
        self.traffic.bytes_in += len(data)
        return data


class FastTransport(paramiko.Transport):
    """A transport that counts the sessions it opens."""

    def open_session(self, *args: Any, **kwargs: Any) -> paramiko.Channel:
        traffic_to(peer_address(self.sock)).execs += 1
        return super().open_session(*args, **kwargs)


def peer_address(sock: Any) -> str:
    """Return the peer's IP address, or ``""`` for what is not a socket (ProxyCommand)."""
    try:
        return str(sock.getpeername()[0])
    except (AttributeError, OSError):
        return ""


def fast_transport(sock: Any, **kwargs: Any) -> paramiko.Transport:
    """Build paramiko's transport over ``sock`` with TCP_NODELAY and keep-alives set.

    ``sock`` may be a ProxyCommand pipe instead of a socket: then there is no delay to turn off.
    """
    if isinstance(sock, socket.socket) or hasattr(sock, "setsockopt"):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux only
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, SILENCE_SECONDS * 1000)
    transport = FastTransport(sock, packetizer_class=CountingPacketizer, **kwargs)
    transport.set_keepalive(KEEPALIVE_SECONDS)
    return transport
