"""The HTTP side of a SIMULATED engine: requests to their routes, load, drain, end."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal

from .desk import Desk, number

LOAD = "SIMULATED_LOAD_SECONDS"
FOREVER = 24 * 3600.0
SHORTLY = 0.3
"""Seconds in which the last bytes of an answer leave before the process does."""


def compact(value: object) -> str:
    """JSON without blanks, as servers send it."""
    return json.dumps(value, separators=(",", ":"))


class Handler(BaseHTTPRequestHandler):
    """One connection's requests; ``engine`` decides what each is answered."""

    protocol_version = "HTTP/1.1"
    server: Server
    content: bytes = b""

    def do_GET(self) -> None:
        """Answer a GET."""
        self._answer()

    def do_POST(self) -> None:
        """Answer a POST."""
        self._answer()

    def do_DELETE(self) -> None:
        """Answer a DELETE."""
        self._answer()

    def do_HEAD(self) -> None:
        """Answer a HEAD."""
        self._answer()

    def _answer(self) -> None:
        self.content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = self.path.partition("?")[0]
        action = self.server.engine.action(self.command, path)
        if action is None:
            self.reply(404, self.server.engine.error(404, f"no such path: {path}"))
        else:
            action(self)

    def given(self) -> dict[str, Any]:
        """The request's JSON object; empty for anything else."""
        try:
            found = json.loads(self.content or b"{}")
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}

    def reply(self, status: int, body: object, kind: str = "application/json") -> None:
        """Send a whole answer: text as it is, anything else as JSON."""
        data = (body if isinstance(body, str) else compact(body)).encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def stream(self, parts: Iterable[str], kind: str) -> bool:
        """Send ``parts`` as they come; False if the client hung up before the last."""
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        try:
            for part in parts:
                data = part.encode()
                self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
            self.wfile.write(b"0\r\n\r\n")
        except OSError:
            self.close_connection = True
            return False
        return True

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: health checks would fill the journal."""


Action = Callable[[Handler], None]


@dataclass
class Engine:
    """What one program serves: its models, its routes ("GET /health"), its errors, its end.

    At SIGTERM ``ending`` "cut" ends at once, "close" takes no new connections and lets open
    answers end, "drain" goes on listening meanwhile; at most ``patience`` seconds.
    """

    name: str
    models: tuple[str, ...]
    desk: Desk
    error: Callable[[int, str], object]
    ending: Literal["cut", "close", "drain"]
    routes: dict[str, Action] = field(default_factory=dict)
    patience: float = FOREVER
    loaded: bool = False
    leaving: bool = False

    @property
    def ready(self) -> bool:
        """Whether health checks are answered with 200."""
        return self.loaded and not self.leaving

    def action(self, method: str, path: str) -> Action | None:
        """What answers ``method`` and ``path``; a route that ends in ``/*`` takes all below it."""
        whole = self.routes.get(f"{method} {path}")
        return whole or self.routes.get(f"{method} {path.rpartition('/')[0]}/*")

    def health(self, handler: Handler) -> None:
        """200 once loaded and while not ending, else 503."""
        handler.reply(200 if self.ready else 503, "", "text/plain")

    def metrics(self, values: Callable[[], dict[str, float]], labels: str = "") -> Action:
        """An action that shows ``values`` by their names, as Prometheus reads them."""

        def show(handler: Handler) -> None:
            lines = [f"{name}{labels} {value}" for name, value in values().items()]
            handler.reply(200, "\n".join([*lines, ""]), "text/plain; version=0.0.4")

        return show


class Server(ThreadingHTTPServer):
    """One address of an engine; a thread for each connection."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], engine: Engine) -> None:
        self.engine = engine
        super().__init__(address, Handler)


def say(name: str, text: str) -> None:
    """A line of the program's log."""
    print(f"{name} (SIMULATED): {text}", file=sys.stderr, flush=True)


def refuse(name: str, why: str) -> None:
    """End as a program that cannot start."""
    say(name, f"error: {why}")
    raise SystemExit(1)


def serve(engine: Engine, *addresses: tuple[str, int]) -> None:
    """Listen at ``addresses``, load, and answer until SIGTERM or SIGINT; exits with 0."""
    told = threading.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, lambda *_: told.set())
    servers = [Server(address, engine) for address in addresses]
    for server in servers:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        say(engine.name, "listening on {}:{}".format(*server.server_address[:2]))
    if not engine.loaded:
        told.wait(number(LOAD, 1.0))
        engine.loaded = True
    say(engine.name, f"serving {', '.join(engine.models) or 'no model'}; nothing is computed")
    # A signal that another thread was given wakes nobody who waits without an end.
    while not told.wait(1.0):
        pass
    engine.leaving = True
    say(engine.name, f"ending, {engine.desk.running} answers open")
    if engine.ending == "close":
        for server in servers:
            server.shutdown()
            server.server_close()
    if engine.ending != "cut" and engine.desk.empty(engine.patience):
        time.sleep(SHORTLY)
    say(engine.name, "ended")
    os._exit(0)  # threads that still write to a client do not hold it up
