"""Recorded and SIMULATED pages of metrics whose counters grow while they are read."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

FOLDERS = (Path(__file__).parents[1] / "expositions", Path(__file__).with_name("expositions"))
"""What rules are made of, and what dashboards show beside that."""
TYPE = re.compile(r"# TYPE (\S+) (\w+)")
SAMPLE = re.compile(r"(?P<name>[a-zA-Z_:][\w:]*)(?P<labels>\{.*\})? (?P<value>\S+)")


def page(name: str, passed: float) -> str:
    """Return a page as it is ``passed`` seconds after its first: counters grew by as many parts."""
    growing: set[str] = set()
    path = next(found for each in FOLDERS if (found := each / f"{name}.prom").exists())
    text = path.read_text()
    for kind in TYPE.finditer(text):
        if kind[2] in ("counter", "histogram"):
            growing.add(kind[1])
    return "".join(f"{grown(line, growing, 1 + passed)}\n" for line in text.splitlines())


def grown(line: str, growing: set[str], factor: float) -> str:
    """Return a line of a page with ``factor`` times its value, where that grows."""
    sample = SAMPLE.fullmatch(line)
    if line.startswith("#") or not sample or sample["value"] == "NaN":
        return line
    if not growing & {sample["name"], re.sub(r"_(bucket|sum|count)$", "", sample["name"])}:
        return line
    return f"{sample['name']}{sample['labels'] or ''} {float(sample['value']) * factor}"


@contextmanager
def served() -> Iterator[int]:
    """Serve every page below its name, several as ``/a+b``, and yield the port."""
    began = time.monotonic()

    class Pages(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            passed = time.monotonic() - began
            names = self.path.strip("/").split("+")
            body = "".join(page(name, passed) for name in names).encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
