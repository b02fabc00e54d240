"""The first token, seen through TLS by a real client, and what is told when there is none."""

from __future__ import annotations

import json
import threading
import time
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from firstlight import pki
from firstlight.errors import FirstlightError
from firstlight.ready import Endpoint, FirstLight, deltas, first_light
from firstlight.secret import Secret
from tests.unit.server import Server, say

KEY = Secret("fl_demo_k3y")
ASK = {"path": "/v1/chat/completions", "prompt": "Hi", "max_tokens": 4}


def chunk(**delta: object) -> bytes:
    return b"data: " + json.dumps({"choices": [{"delta": delta}]}).encode() + b"\n"


def look(server: Server, timeout: float = 5.0, **change: Any) -> FirstLight:
    given = {"domain": "localhost", "port": server.port, "ca": server.authority.path}
    endpoint = Endpoint(**given | {"address": "127.0.0.1"} | change)
    return first_light(endpoint, KEY, "tiny", timeout=timeout, **ASK)


def stream(*lines: bytes) -> Any:
    return lambda handler: say(handler, 200, b"\n".join(lines), Content_Type="text/event-stream")


def test_pieces_of_text() -> None:
    lines = [
        b": a comment\n", b"\n", b"event: x\n", chunk(role="assistant"), chunk(content=""),
        chunk(content=None), chunk(content="Hel"), chunk(reasoning_content="hm"),
        chunk(content="lo ä"), chunk(reasoning="so"), b'data: {"choices": []}\n',
        b'data: {"choices": null, "usage": {"total_tokens": 3}}\n', b"data: [DONE]\n",
        b"data:[DONE]\n",
    ]  # fmt: skip
    # vLLM has no reasoning_content any more, and a model that thinks first says nothing else.
    assert list(deltas(lines)) == ["Hel", "hm", "lo ä", "so"]


@pytest.mark.parametrize(
    "line",
    [b"data: {", b"data: []", b"data: 5", b'data: {"choices": [1]}', b'data: {"choices": 5}',
     b'data: {"choices": [{"delta": "x"}]}', b"data: <html>", b'data: {"error": "out of memory"}'],
)  # fmt: skip
def test_what_is_no_chunk_is_shown(server: Server, line: bytes) -> None:
    server.answer = stream(line)
    with pytest.raises(FirstlightError) as error:
        look(server)
    assert line.decode() in error.value.why


def test_the_first_token(server: Server) -> None:
    def slowly(handler: BaseHTTPRequestHandler) -> None:
        say(handler, 200, b"", Content_Type="text/event-stream")
        for delta in ({"role": "assistant"}, {"content": "Hel"}, {"content": "lo"}):
            time.sleep(0.1)
            handler.wfile.write(chunk(**delta) + b"\n")
        handler.wfile.write(b"data: [DONE]\n\n")

    server.answer = slowly
    seen = look(server)
    assert (seen.model, seen.text) == ("tiny", "Hello")
    # Timed to the first piece of text, not to the role before it nor to the end.
    assert 0.2 <= seen.first_token < 5
    method, path, headers = server.requests[0]
    assert (method, path) == ("POST", "/v1/chat/completions")
    assert headers["authorization"] == "Bearer fl_demo_k3y"
    assert headers["host"] == f"localhost:{server.port}"


@pytest.mark.parametrize(
    ("status", "body"), [(401, b'{"error":"key"}'), (503, b"busy"), (301, b""), (404, b"\xff")]
)
def test_another_answer_is_the_evidence(server: Server, status: int, body: bytes) -> None:
    server.answer = lambda handler: say(handler, status, body)
    with pytest.raises(FirstlightError) as error:
        look(server)
    assert f"HTTP {status}" in error.value.why
    assert body.decode("utf-8", "replace") in error.value.why
    assert "fl_demo" not in str(error.value)


def test_a_stream_without_a_token(server: Server) -> None:
    server.answer = stream(chunk(role="assistant"), b"data: [DONE]")
    with pytest.raises(FirstlightError, match="without a token"):
        look(server)


def test_silence_is_bounded(server: Server) -> None:
    over = threading.Event()
    server.answer = lambda _: over.wait(60) and None  # type: ignore[func-returns-value]
    began = time.monotonic()
    with pytest.raises(FirstlightError, match="timed out"):
        look(server, timeout=0.5)
    over.set()
    assert time.monotonic() - began < 15


def test_a_stream_that_only_says_it_is_alive_is_bounded(server: Server) -> None:
    def alive(handler: BaseHTTPRequestHandler) -> None:
        say(handler, 200, b"", Content_Type="text/event-stream")
        for _ in range(600):
            handler.wfile.write(b": ping\n\n")
            time.sleep(0.05)

    server.answer = alive
    began = time.monotonic()
    with pytest.raises(FirstlightError, match="without a token"):
        look(server, timeout=0.5)
    assert time.monotonic() - began < 15


def test_a_certificate_of_another_ca_is_refused(server: Server, tmp_path: Path) -> None:
    other = pki.Authority.load_or_create(tmp_path / "other", "other")
    with pytest.raises(FirstlightError, match=r"(?i)certificate"):
        look(server, ca=other.path)
    assert server.requests == []


def test_a_certificate_for_another_name_is_refused(server: Server) -> None:
    with pytest.raises(FirstlightError, match=r"(?i)hostname mismatch|certificate"):
        look(server, domain="llm.example.net")


def test_nobody_listening(server: Server) -> None:
    server.stop()
    with pytest.raises(FirstlightError, match="ConnectionRefused") as error:
        look(server)
    assert f"https://localhost:{server.port}" in str(error.value)


@pytest.mark.parametrize(
    ("domain", "port", "url"),
    [("a.example", 443, "https://a.example"), ("::1", 8443, "https://[::1]:8443")],
)
def test_urls(domain: str, port: int, url: str) -> None:
    assert Endpoint(domain, port, Path("ca")).url == url
