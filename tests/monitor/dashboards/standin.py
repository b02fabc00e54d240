"""The SIMULATED Grafana as a process of this machine, with what a monitor would give it."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from firstlight.lab.images.grafana import PROGRAMS
from firstlight.monitor.grafana import ADDRESS, DATA_INSIDE, INSIDE, Configuration
from firstlight.secret import revealed
from tests.monitor.prometheus.programs import Program, free_port, running

SECONDS = 20


def written(configured: Configuration, folder: Path, instead: Mapping[str, str]) -> Path:
    """Write what Grafana goes by to ``folder``, with other texts ``instead``."""
    places = {INSIDE: str(folder), DATA_INSIDE: str(folder / "data"), **instead}
    (folder / "data").mkdir(parents=True, exist_ok=True)
    for name, text in configured.files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        found = revealed(text)
        for old, new in places.items():
            found = found.replace(old, new)
        path.write_text(found)
    return folder


def words(*arguments: str) -> list[str]:
    return [sys.executable, "-B", "-m", PROGRAMS.name, *arguments]


def command(folder: Path, *arguments: str, text: str = "") -> subprocess.CompletedProcess[str]:
    """Run the stand-in until it ends by itself."""
    return subprocess.run(
        words(*arguments, f"--config={folder / 'grafana.ini'}")
        if arguments[0] == "server"
        else words("cli", f"--config={folder / 'grafana.ini'}", *arguments[1:]),
        input=text, capture_output=True, text=True, timeout=SECONDS, check=False,
        cwd=PROGRAMS.parent,
    )  # fmt: skip


@contextmanager
def served(folder: Path, port: int) -> Iterator[tuple[str, Program]]:
    """Run it with the files in ``folder`` and yield its URL."""
    start = ["/usr/bin/env", f"PYTHONPATH={PROGRAMS.parent}"]
    start += words("server", f"--config={folder / 'grafana.ini'}")
    with running(start, folder / "log", port) as program:
        yield f"http://{ADDRESS}:{port}", program


@contextmanager
def prometheus(status: str = "success") -> Iterator[str]:
    """Stand where Prometheus stands, for its one question."""

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps({"status": status}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer((ADDRESS, 0), Answers)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://{ADDRESS}:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


__all__ = ["command", "free_port", "prometheus", "served", "written"]
