"""A real Prometheus on this machine, for as long as a test needs it."""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from firstlight.lab import packages

PROGRAMS = {"prometheus": "/usr/bin/prometheus"}


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
    return port


class Pages:
    """Serves texts that a test sets, by path."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}
        pages = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                text = pages.texts.get(self.path.partition("?")[0])
                self.send_response(404 if text is None else 200)
                kind = "application/json" if self.path.startswith("/api") else "text/plain"
                self.send_header("Content-Type", kind)
                self.end_headers()
                self.wfile.write((text or "").encode())

            def log_message(self, *_: object) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port: int = self._http.server_address[1]
        threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self) -> None:
        self._http.shutdown()
        self._http.server_close()


@contextlib.contextmanager
def prometheus(folder: Path, config: dict[str, Any], port: int) -> Iterator[None]:
    """Run Prometheus with ``config`` and what stands in ``folder``/data."""
    packages.ensure(print, PROGRAMS)
    path = folder / "prometheus.json"  # JSON is YAML
    path.write_text(json.dumps(config))
    command = [
        "/usr/bin/prometheus",
        f"--config.file={path}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--storage.tsdb.retention.time=10y",
        "--rules.alert.resend-delay=1s",
        "--log.level=warn",
    ]
    with (folder / "prometheus.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        until(lambda: answers(port, "/-/ready"), folder / "prometheus.log")
        yield
    finally:
        process.terminate()
        process.wait(20)


def answers(port: int, path: str) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=2) as found:
            return bool(found.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def query(port: int, expression: str) -> list[Any]:
    url = f"http://127.0.0.1:{port}/api/v1/query?query={urllib.request.quote(expression)}"  # type: ignore[attr-defined]
    with urllib.request.urlopen(url, timeout=5) as found:
        result: list[Any] = json.load(found)["data"]["result"]
    return result


def until(condition: Any, log: Path, seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, log.read_text()[-2000:]
        time.sleep(0.1)


@contextlib.contextmanager
def alertmanager(folder: Path, port: int) -> Iterator[None]:
    """Run Alertmanager, which tells nobody."""
    packages.ensure(print, {"prometheus-alertmanager": "/usr/bin/prometheus-alertmanager"})
    path = folder / "alertmanager.json"
    path.write_text(
        json.dumps({"route": {"receiver": "nobody"}, "receivers": [{"name": "nobody"}]})
    )
    command = [
        "/usr/bin/prometheus-alertmanager",
        f"--config.file={path}",
        f"--storage.path={folder / 'alertmanager'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=",
        "--log.level=warn",
    ]
    with (folder / "alertmanager.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        until(lambda: answers(port, "/-/ready"), folder / "alertmanager.log")
        yield
    finally:
        process.terminate()
        process.wait(20)


def silence(port: int, matchers: dict[str, str], comment: str) -> None:
    """Silence alerts for an hour."""
    said = {
        "matchers": [
            {"name": name, "value": value, "isRegex": False, "isEqual": True}
            for name, value in matchers.items()
        ],
        "startsAt": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 60)),
        "endsAt": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3600)),
        "createdBy": "ops",
        "comment": comment,
    }
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/api/v2/silences",
        json.dumps(said).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=5) as answer:
        assert answer.status == 200
