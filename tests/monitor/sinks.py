"""Receivers of alerts on this machine: an HTTP server and a mail server that keep what they get."""

from __future__ import annotations

import json
import socketserver
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Got:
    """What came in: for HTTP path, authorization and JSON; for mail its text."""

    port: int = 0
    posts: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    mails: list[str] = field(default_factory=list)
    signed_in: list[str] = field(default_factory=list)
    refuse: set[str] = field(default_factory=set)
    """Paths that are answered with an error."""

    def at(self, path: str) -> list[dict[str, Any]]:
        """Return the bodies that were posted to ``path``."""
        return [body for where, _, body in list(self.posts) if where == path]

    def alerts(self, path: str, status: str = "firing") -> list[str]:
        """Return the names of the alerts that a webhook was told at ``path``."""
        told = [each for body in self.at(path) for each in body["alerts"]]
        return [each["labels"]["alertname"] for each in told if each["status"] == status]


def until(true: Callable[[], object], seconds: float = 15) -> bool:
    """Wait until something is true; whether it became so."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if true():
            return True
        time.sleep(0.05)
    return bool(true())


@contextmanager
def http_sink() -> Iterator[Got]:
    """An HTTP server on a free port of loopback."""
    got = Got()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            got.posts.append((self.path, self.headers.get("Authorization", ""), json.loads(body)))
            refused = self.path in got.refuse
            self.send_response(403 if refused else 202 if "pager" in self.path else 200)
            self.end_headers()
            self.wfile.write(b"no" if refused else b"ok")

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    got.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield got
    server.shutdown()
    server.server_close()


@contextmanager
def mail_sink(tls: ssl.SSLContext | None = None) -> Iterator[Got]:
    """A mail server on a free port of loopback; with ``tls`` it takes a sign-in after STARTTLS."""
    got = Got()

    class Handler(socketserver.StreamRequestHandler):
        def say(self, text: str) -> None:
            self.wfile.write(f"{text}\r\n".encode())

        def handle(self) -> None:
            self.say("220 sink")
            secure = tls is None
            while line := self.rfile.readline().decode().strip():
                verb = line.split(" ")[0].upper()
                if verb == "DATA":
                    self.say("354 go on")
                    lines: list[str] = []
                    while (text := self.rfile.readline().decode()) != ".\r\n":
                        lines.append(text)
                    got.mails.append("".join(lines))
                if verb == "EHLO" and tls is not None:
                    self.say("250-sink")
                    self.say("250 AUTH PLAIN" if secure else "250 STARTTLS")
                    continue
                if verb == "STARTTLS" and tls is not None:
                    self.say("220 go on")
                    self.rfile.close()
                    self.request = tls.wrap_socket(self.request, server_side=True)
                    self.setup()
                    secure = True
                    continue
                if verb == "AUTH":
                    got.signed_in.append(line)
                    self.say("235 welcome")
                    continue
                if verb == "MAIL" and not (secure and (tls is None or got.signed_in)):
                    self.say("530 sign in first")
                    continue
                self.say("221 bye" if verb == "QUIT" else "250 ok")
                if verb == "QUIT":
                    return

    socketserver.ThreadingTCPServer.allow_reuse_address = True
    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    got.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield got
    server.shutdown()
    server.server_close()
