"""Requests that mean harm or are merely huge: refused in bounded time, and nobody else notices."""

from __future__ import annotations

import base64
import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import h2.config
import h2.connection
import h2.events
import pytest

from tests.lab.bare import connected, ended, events, key, received, said, sent, status, statuses_of
from tests.lab.client import CHAT, Client
from tests.lab.crowd import Crowd
from tests.lab.lab_keys import key_text
from tests.lab.rack import TestRack
from tests.lab.told import Told, prompt, told

HOST = "lab1"
MEGABYTE = 2**20
RESETS = 4000


@pytest.fixture(scope="module")
def engine(deployed: TestRack) -> Iterator[Told]:
    with told(deployed, HOST) as (found,):
        yield found


@pytest.fixture(scope="module")
def client(deployed: TestRack, engine: Told) -> Client:
    return replace(deployed.client(HOST), key=key_text(deployed.state, "crowd"))


BODY = b'{"model":"tiny","messages":[{"role":"user","content":"smuggled say"}]}'
LENGTH = f"Content-Length: {len(BODY)}"
CHUNKED = b"%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY)
CLOSE = "Connection: close"


@pytest.mark.parametrize(
    ("lines", "body"),
    [
        ((LENGTH, "Content-Length: 3"), BODY),
        ((LENGTH, "Transfer-Encoding: chunked"), CHUNKED),
        (("Transfer-Encoding: chunked", "Transfer-Encoding: chunked"), CHUNKED),
        (("Transfer-Encoding: chunked, identity",), CHUNKED),
        (("Transfer-Encoding: xchunked", LENGTH), BODY),
        (("Transfer-Encoding : chunked", LENGTH), BODY),
        (("Content-Length: +5",), b"hello"),
        (("Content-Length: 5, 5",), b"hello"),
        (("Content-Length: 0x5",), b"hello"),
        (("Transfer-Encoding: chunked",), b"zz\r\nhello\r\n0\r\n\r\n"),
        (("Transfer-Encoding: chunked",), b"ffffffffffffffffff\r\nhello\r\n0\r\n\r\n"),
        (("X-Folded: one", " two", LENGTH), BODY),
        (("Authorization: Bearer other", LENGTH), BODY),
        (("Host: other.example", LENGTH), BODY),
        (("X\x00Y: 1", LENGTH), BODY),
    ],
)  # fmt: skip
def test_what_may_be_read_in_two_ways_is_not_answered(
    engine: Told, client: Client, lines: tuple[str, ...], body: bytes
) -> None:
    """Two lengths, two keys, two hosts, folded lines: 4xx or nothing, and no engine sees it."""
    before = engine.seen().get("smuggled", [])
    answer = said(client, key(client), *lines, CLOSE, body=body)
    assert status(answer) in (0, 400, 401, 411, 413, 501), answer[:300]
    assert answer.count(b"HTTP/1.1 ") <= 1  # what follows is not taken for a second request
    assert engine.seen().get("smuggled", []) == before


def test_a_plain_request_of_that_kind_is_answered(engine: Told, client: Client) -> None:
    """Otherwise the test above could not fail."""
    before = engine.seen().get("smuggled", [])
    assert status(said(client, key(client), LENGTH, CLOSE, body=BODY)) == 200
    assert (
        status(said(client, key(client), "Transfer-Encoding: chunked", CLOSE, body=CHUNKED)) == 200
    )
    assert engine.seen()["smuggled"] == [*before, *["came", "done"] * 2]


@pytest.mark.parametrize(
    "lines",
    [
        [f"X-{number}: {number}" for number in range(5000)],
        ["X-Long: " + "x" * 60_000],
        [f"X-{number}: " + "x" * 7000 for number in range(8)],
        ["Authorization: Bearer " + "x" * 30_000],
        ["Cookie: " + "a=b; " * 10_000],
    ],
    ids=["many", "long", "large", "a key", "cookies"],
)
def test_bombs_of_headers(client: Client, lines: list[str]) -> None:
    began = time.monotonic()
    answer = said(client, *lines, key(client), LENGTH, CLOSE, body=BODY)
    assert status(answer) in (0, 400, 401, 431) and time.monotonic() - began < 10
    assert client.ask("/v1/models").status == 200


def test_floods_of_http2(deployed: TestRack, client: Client) -> None:
    """Headers without an end, a list that packs tightly, streams that are reset at once."""
    crashes = "grep -c 'exited on signal' /var/log/nginx/error.log || true"
    before = deployed.sh(HOST, crashes).out
    bomb = [("x-" + str(number), "y" * 4000) for number in range(64)]
    head = [(":method", "GET"), (":path", "/v1/models"), (":scheme", "https"),
            (":authority", client.domain)]  # fmt: skip
    with connected(client, "h2") as opened:
        assert opened.selected_alpn_protocol() == "h2"
        h2c = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
        h2c.initiate_connection()
        h2c.send_headers(1, head + bomb, end_stream=True)
        opened.sendall(h2c.data_to_send())
        seen = events(h2c, opened)
    assert [each for each in seen if isinstance(each, h2.events.ResponseReceived)] == [] or (
        b"400" in statuses_of(seen)
    )
    with connected(client, "h2") as opened:
        h2c = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
        h2c.initiate_connection()
        for number in range(RESETS):
            h2c.send_headers(2 * number + 1, head, end_stream=True)
            h2c.reset_stream(2 * number + 1)
        sender = threading.Thread(target=sent, args=(opened, h2c.data_to_send()))
        sender.start()
        opened.settimeout(20)
        is_ended = ended(h2c, opened)
        assert client.ask("/v1/models").status == 200  # meanwhile
    sender.join(20)
    assert is_ended, "the edge takes thousands of streams that are reset at once"
    assert deployed.sh(HOST, crashes).out == before  # it ended the connection, and not itself


def image(megabytes: float, name: str) -> dict[str, object]:
    """A request called ``name`` whose body is an image of so many megabytes as base64."""
    picture = base64.b64encode(b"\x89PNG" + b"\0" * int(megabytes * MEGABYTE * 3 / 4)).decode()
    url = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{picture}"}}
    messages = [{"role": "user", "content": [url]}, {"role": "user", "content": f"{name} say"}]
    return {"messages": messages, "model": "tiny"}


def test_large_bodies_with_images_pass_and_larger_ones_do_not(engine: Told, client: Client) -> None:
    name = f"image{time.monotonic_ns()}"  # the engine outlives this test, and knows its names
    passed = client.ask(CHAT, image(31.9, name))
    assert passed.status == 200, passed.body
    assert engine.seen()[name] == ["came", "done"]
    refused = Crowd(client, [image(32.1, name), image(64, name)], at_once=1).ask()
    assert [each.status for each in refused] == [413, 413]
    assert engine.seen()[name] == ["came", "done"]


def slowest_beside(client: Client) -> float:
    """Seconds of the slowest of twenty requests beside a body of very many parts."""
    parts = '{"a":[' + '{"b":"c"},' * 500_000 + '{}],"model":"tiny"}'
    began = time.monotonic()
    with connected(client) as opened:
        head = f"POST {CHAT} HTTP/1.1\r\nHost: {client.domain}\r\n{key(client)}\r\n{CLOSE}\r\n"
        opened.sendall(f"{head}Content-Length: {len(parts)}\r\n\r\n{parts}".encode())
        slowest = 0.0
        for number in range(20):
            since = time.monotonic()
            assert client.ask(CHAT, prompt(f"beside{number} say")).status == 200
            slowest = max(slowest, time.monotonic() - since)
        answer = received(opened)
    print(f"{time.monotonic() - began:.2f} s, the slowest beside it {slowest:.2f} s")
    assert status(answer) in (200, 400)
    return slowest


def test_a_body_that_takes_thought_holds_nobody_up(client: Client) -> None:
    """As many parts as a body may have, and more, while others ask."""
    # One of twenty may wait for a busy machine; what the edge does itself it does each time.
    assert any(slowest_beside(client) < 1.0 for _ in range(5))
