"""The look at a new release through the public URL: what counts as an edge that answers."""

from __future__ import annotations

import json
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from firstlight.edge import probe
from firstlight.edge.probe import answers
from firstlight.errors import FirstlightError
from firstlight.ready import Endpoint
from firstlight.secret import Secret
from tests.unit.server import Server, say

KEY = Secret("fl_firstlight_x")
LIST = json.dumps({"object": "list", "data": [{"id": "tiny"}, {"id": "other"}]}).encode()
Serve = Callable[[BaseHTTPRequestHandler], None]


def serving(stranger: int = 401, status: int = 200, body: bytes = LIST) -> Serve:
    def serve(handler: BaseHTTPRequestHandler) -> None:
        known = handler.headers["Authorization"] == f"Bearer {KEY.reveal()}"
        say(handler, *((status, body) if known else (stranger, b"{}")))

    return serve


def endpoint(server: Server, ca: Path | None = None) -> Endpoint:
    return Endpoint("localhost", server.port, ca or server.authority.path)


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe, "SECONDS", 0.2)


@pytest.mark.parametrize("stranger", [401, 429])
def test_an_edge_that_answers(server: Server, stranger: int) -> None:
    server.answer = serving(stranger)
    answers(endpoint(server), KEY, ["tiny"])
    assert [headers.get("authorization") for _, _, headers in server.requests] == [
        None, "Bearer fl_firstlight_x",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("serve", "why"),
    [
        (serving(stranger=200), "HTTP 200 without a key"),
        (serving(status=401, body=b"no"), "HTTP 401 with a key: no"),
        (serving(body=b"<html>"), "not a list of models: <html>"),
        (serving(body=b'{"data": []}'), "the list of models lacks tiny"),
    ],
)
def test_one_that_does_not(server: Server, serve: Serve, why: str) -> None:
    server.answer = serve
    with pytest.raises(FirstlightError) as raised:
        answers(endpoint(server), KEY, ["tiny"])
    assert raised.value.why == why and raised.value.where.endswith("/v1/models")
    assert KEY.reveal() not in str(raised.value)


def test_one_that_is_another(server: Server, tmp_path: Path) -> None:
    other = Server(tmp_path)
    try:
        with pytest.raises(FirstlightError, match="CERTIFICATE_VERIFY_FAILED"):
            answers(endpoint(server, other.authority.path), KEY, ["tiny"])
        assert server.requests == []
        # Before an ACME server has signed anything: no key is shown then.
        server.answer = serving()
        answers(endpoint(server, other.authority.path), None, ["tiny"])
        assert [headers.get("authorization") for _, _, headers in server.requests] == [None]
    finally:
        other.stop()


def test_it_is_given_some_time(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe, "SECONDS", 10)
    bad, good = serving(status=503), serving()

    def serve(handler: BaseHTTPRequestHandler) -> None:
        (bad if len(server.requests) < 5 else good)(handler)

    server.answer = serve
    answers(endpoint(server), KEY, ["tiny"])
    assert len(server.requests) >= 5
