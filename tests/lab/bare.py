"""Bare connections to the edge, for what no client library would send."""

from __future__ import annotations

import contextlib
import socket
import ssl
from collections.abc import Iterator

import h2.connection
import h2.events

from tests.lab.client import CHAT, Client

LAST = (h2.events.StreamEnded, h2.events.StreamReset, h2.events.ConnectionTerminated)


@contextlib.contextmanager
def connected(client: Client, protocol: str = "http/1.1") -> Iterator[ssl.SSLSocket]:
    """A bare connection to the edge, for what no client library would send."""
    context = client.trusting()
    context.set_alpn_protocols([protocol])
    raw = socket.create_connection((client.address, 443), timeout=30)
    with context.wrap_socket(raw, server_hostname=client.domain) as opened:
        yield opened


def said(client: Client, *lines: str, body: bytes = b"") -> bytes:
    """Send a head of ``lines`` and a body as they are, and return all that comes back."""
    head = "\r\n".join((f"POST {CHAT} HTTP/1.1", f"Host: {client.domain}", *lines, "", ""))
    with connected(client) as opened:
        sent(opened, head.encode("latin-1") + body)  # refused, perhaps, before all of it is there
        return received(opened)


def received(opened: ssl.SSLSocket) -> bytes:
    """Everything until the edge hangs up."""
    found = b""
    with contextlib.suppress(OSError):
        while part := opened.recv(65536):
            found += part
    return found


def status(answer: bytes) -> int:
    """The status of the first answer in ``answer``; 0 where there is none."""
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.1 ") else 0


def key(client: Client) -> str:
    return f"Authorization: Bearer {client.key}"


def sent(opened: ssl.SSLSocket, data: bytes) -> None:
    """Send what the other side may no longer want."""
    with contextlib.suppress(OSError):
        opened.sendall(data)


def events(h2c: h2.connection.H2Connection, opened: ssl.SSLSocket) -> list[h2.events.Event]:
    """What the edge answers on an HTTP/2 connection, until it ends or an answer is whole."""
    found: list[h2.events.Event] = []
    try:
        while part := opened.recv(65536):
            found += h2c.receive_data(part)
            if any(isinstance(each, LAST) for each in found):
                break
    except OSError:
        pass
    return found


def ended(h2c: h2.connection.H2Connection, opened: ssl.SSLSocket) -> bool:
    """Whether the edge ends an HTTP/2 connection, whatever it answers before: not a time-out."""
    try:
        while part := opened.recv(65536):
            last = h2.events.ConnectionTerminated
            if any(isinstance(each, last) for each in h2c.receive_data(part)):
                return True
    except TimeoutError:
        return False
    except OSError:  # its farewell may be lost in a reset
        return True
    return True


def statuses_of(seen: list[h2.events.Event]) -> set[bytes]:
    """The statuses among ``seen``."""
    answers = [each for each in seen if isinstance(each, h2.events.ResponseReceived)]
    return {
        str(value).encode()
        for each in answers
        for name, value in each.headers or []
        if name in (":status", b":status")
    }
