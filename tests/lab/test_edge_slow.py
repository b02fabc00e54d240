"""Clients that take their time: ended after seconds, or held to what their own key may do."""

from __future__ import annotations

import contextlib
import ssl
import time
from dataclasses import replace

import pytest

from tests.lab.bare import connected, key, received, sent, status
from tests.lab.client import CHAT, Client, chat
from tests.lab.lab_keys import LIMITS, key_text
from tests.lab.rack import TestRack

HOST = "lab1"
HEAD, BODY, LEAVE = 15, 10, 20
"""Seconds that the edge waits for a whole head, and for the next byte of a body; and our leave."""
FEW = LIMITS["few"]["concurrency"]


@pytest.fixture(scope="module")
def client(deployed: TestRack) -> Client:
    return replace(deployed.client(HOST), key=key_text(deployed.state, "crowd"))


@pytest.fixture(scope="module")
def few(deployed: TestRack, client: Client) -> Client:
    """A client with few requests at a time."""
    return replace(client, key=key_text(deployed.state, "few"))


def begun(client: Client, stack: contextlib.ExitStack, *lines: str) -> ssl.SSLSocket:
    """A connection on which a request with a long body has begun, one byte of it sent."""
    opened = stack.enter_context(connected(client))
    head = (f"POST {CHAT} HTTP/1.1", f"Host: {client.domain}", "Content-Length: 100000", *lines)
    opened.sendall("\r\n".join((*head, "", "x")).encode())
    return opened


def asked(client: Client) -> int:
    return client.ask(CHAT, chat(1)).status


def dripped(head: ssl.SSLSocket, since: float) -> None:
    """Send one more field; the edge may have ended it only when its time was over."""
    try:
        head.sendall(b"X-Slow: 1\r\n")
    except OSError:
        assert time.monotonic() - since > HEAD - 0.5


def test_slow_ones_are_left_behind(client: Client, few: Client) -> None:
    """Heads without an end, strangers' bodies, bodies that drip and bodies that stop."""
    with contextlib.ExitStack() as stack:
        first = time.monotonic()
        heads = [stack.enter_context(connected(client)) for _ in range(40)]
        began = time.monotonic()
        for each in heads:
            each.sendall(f"POST {CHAT} HTTP/1.1\r\nHost: {client.domain}\r\n".encode())
        for _ in range(10):  # not waited for
            assert status(begun(client, stack).recv(65536)) in (401, 429)
        half = FEW // 2
        bodies = [begun(few, stack, key(few)) for _ in range(FEW)]
        time.sleep(0.5)
        # What drips counts from its head on, for its own key and for no other one.
        assert (asked(few), asked(client)) == (429, 200)
        while time.monotonic() - began < HEAD - 1:
            for each in heads:
                dripped(each, first)
            for each in bodies[:half]:
                sent(each, b"x")
            assert client.ask("/v1/models").status == 200  # others are served meanwhile
            time.sleep(1)
        lasted = time.monotonic() - began
        assert lasted > BODY
        for each in bodies[half:]:  # silent since their first byte: ended before now
            each.settimeout(1)
            assert status(received(each)) in (0, 408)
        assert asked(few) == 200
        for each in heads:
            each.settimeout(LEAVE)
            assert received(each)[:12] in (b"", b"HTTP/1.1 400", b"HTTP/1.1 408")
        assert lasted < time.monotonic() - began < HEAD + LEAVE
        for each in bodies[:half]:  # as long as they drip they are waited for
            sent(each, b"x")
            each.settimeout(0.2)
            with pytest.raises(TimeoutError):
                each.recv(1)
