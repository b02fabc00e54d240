"""A receiver of Alertmanager's webhook: what was told, and when it was over."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Told:
    """One alert of a message. ``status`` is firing or resolved."""

    status: str
    labels: dict[str, str]
    annotations: dict[str, str]

    def fits(self, status: str, labels: dict[str, str]) -> bool:
        """Tell whether it is of this status, and has all of these labels."""
        return self.status == status and labels.items() <= self.labels.items()


@dataclass
class Receiver:
    """Listens at ``url``; keeps what it is told in the order in which it came."""

    told: list[Told] = field(default_factory=list)
    _server: ThreadingHTTPServer | None = None

    def start(self, address: str, port: int = 0) -> str:
        """Listen at ``address`` of this machine, at ``port`` or a free one; return the URL."""
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers.get("Content-Length", 0))
                receiver.take(json.loads(self.rfile.read(length)))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer((address, port), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return f"http://{address}:{self._server.server_address[1]}/alerts"

    def stop(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()

    def take(self, message: dict[str, Any]) -> None:
        self.told += [
            Told(each["status"], each["labels"], each["annotations"]) for each in message["alerts"]
        ]

    def last(self, labels: dict[str, str]) -> str:
        """Return the status that was told last of an alert with these labels; empty: none."""
        found = [each.status for each in self.told if labels.items() <= each.labels.items()]
        return found[-1] if found else ""

    def wait(self, status: str, alerts: Iterable[dict[str, str]], seconds: float) -> list[str]:
        """Wait until each of ``alerts`` was told last with ``status``; return those that were not."""
        deadline, left = time.monotonic() + seconds, list(alerts)
        while left and time.monotonic() < deadline:
            left = [labels for labels in left if self.last(labels) != status]
            time.sleep(0.5)
        return [f"{labels} ({self.last(labels) or 'nothing was told'})" for labels in left]
