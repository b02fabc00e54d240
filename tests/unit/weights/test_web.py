"""Files over HTTPS: with the host's trust, with a token, never with the token elsewhere."""

from __future__ import annotations

import base64
import hashlib
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from firstlight.weights import web
from firstlight.weights.fetch import fetch
from firstlight.weights.wanted import FetchError
from tests.unit.server import Server, say, server

__all__ = ["server"]
CONTENT = b"weights" * 1000
SUM = f"sha256:{hashlib.sha256(CONTENT).hexdigest()}"


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Between tries the program waits; tests do not."""
    monkeypatch.setattr(web.time, "sleep", lambda _: None)


@pytest.fixture
def trusted(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Server:
    """A server whose CA the host trusts, as its certificate store would."""
    ca = tmp_path / "trusted.pem"
    ca.write_text(next((tmp_path / "server/ca").glob("*.crt")).read_text())
    monkeypatch.setenv("SSL_CERT_FILE", str(ca))
    return server


def one_file(job: dict[str, Any], server: Server, path: str = "m/x.gguf") -> dict[str, Any]:
    return {**job, "source": f"https://localhost:{server.port}/{path}@{SUM}", "hub": None}


def whole(handler: BaseHTTPRequestHandler) -> None:
    say(handler, 200, CONTENT, Content_Length=str(len(CONTENT)))


def test_over_tls(job: dict[str, Any], trusted: Server) -> None:
    trusted.answer = whole
    fetch(one_file(job, trusted), None)
    assert (Path(job["folder"]) / "x.gguf").read_bytes() == CONTENT


def test_a_stranger_is_not_believed(job: dict[str, Any], server: Server) -> None:
    server.answer = whole
    with pytest.raises(FetchError, match="cannot be reached") as refusal:
        fetch(one_file(job, server), None)
    assert "certificate" in str(refusal.value)


@pytest.mark.parametrize(
    ("token", "header"),
    [("t0ken", "Bearer t0ken"), ("u:p", f"Basic {base64.b64encode(b'u:p').decode()}")],
)
def test_the_token_opens_requests(
    job: dict[str, Any], trusted: Server, token: str, header: str
) -> None:
    trusted.answer = whole
    fetch(one_file(job, trusted), token)
    assert [each["authorization"] for _, _, each in trusted.requests] == [header] * 2


@pytest.mark.parametrize("status", [401, 403, 404])
def test_refusals_say_what_to_do(job: dict[str, Any], trusted: Server, status: int) -> None:
    trusted.answer = lambda handler: say(handler, status, b"")
    with pytest.raises(FetchError, match=str(status)) as refusal:
        fetch(one_file(job, trusted, "m/x.gguf?sig=secret"), "t0ken")
    assert "secret" not in str(refusal.value) and "t0ken" not in str(refusal.value)


def test_the_token_does_not_follow_a_redirect(job: dict[str, Any], trusted: Server) -> None:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        if handler.path.startswith("/m/"):
            say(handler, 302, b"", Location=f"https://127.0.0.1:{trusted.port}/elsewhere")
        else:
            whole(handler)

    trusted.answer = answer
    fetch(one_file(job, trusted), "t0ken")
    elsewhere = [each for _, path, each in trusted.requests if path == "/elsewhere"]
    assert elsewhere and not any("authorization" in each for each in elsewhere)


def test_a_server_that_knows_no_ranges(job: dict[str, Any], trusted: Server) -> None:
    trusted.answer = whole
    part = Path(job["incoming"]) / Path(job["folder"]).name / "x.gguf"
    part.parent.mkdir(parents=True)
    part.write_bytes(CONTENT[:100])
    fetch(one_file(job, trusted), None)
    assert "range" in trusted.requests[-1][2]
    assert (Path(job["folder"]) / "x.gguf").read_bytes() == CONTENT


def test_a_server_that_does_not_say_how_long(job: dict[str, Any], trusted: Server) -> None:
    trusted.answer = lambda handler: say(handler, 200, CONTENT)
    with pytest.raises(FetchError, match="does not say how long"):
        fetch(one_file(job, trusted), None)


def test_a_server_that_fails_now_and_then(job: dict[str, Any], trusted: Server) -> None:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        fails = handler.command == "GET" and len(trusted.requests) < web.TRIES
        say(handler, 503, b"") if fails else whole(handler)

    trusted.answer = answer
    fetch(one_file(job, trusted), None)
    assert len(trusted.requests) == web.TRIES
