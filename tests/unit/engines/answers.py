"""An engine as a table of answers, and what its unit would have written about it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

TOKEN = b'data: {"choices": [{"delta": {"content": "hi"}}]}\n\ndata: [DONE]\n\n'


class Engine(ThreadingHTTPServer):
    """An engine as a table: path → (status, body), or a list that is used up."""

    def __init__(self) -> None:
        self.answers: dict[str, Any] = {"/health": (200, b""), "/chat": (200, TOKEN)}
        self.asked: list[tuple[str, bytes]] = []
        self.shown: set[str | None] = set()
        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        engine: Engine = self.server  # type: ignore[assignment]
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        engine.asked.append((self.path, body))
        engine.shown.add(self.headers.get("Authorization"))
        found = engine.answers.get(self.path, (404, b"no such page"))
        status, text = found.pop(0) if isinstance(found, list) else found
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_POST = do_GET  # noqa: N815

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def engine() -> Iterator[Engine]:
    with Engine() as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def spec(engine: Engine, tmp_path: Path) -> dict[str, Any]:
    return {
        "base": engine.base, "address": "127.0.0.1", "port": engine.server_address[1],
        "container": "firstlight-tiny",
        "out": str(tmp_path / "out" / "tiny"), "health": f"{engine.base}/health", "preload": None,
        "checks": [], "first_token": {"path": "/chat", "body": {"stream": True}},
        "busy": {"path": "/metrics", "gauges": ["running", "waiting"]},
        "drain_seconds": 2, "end_seconds": 10, "settle_seconds": 0,
    }  # fmt: skip
