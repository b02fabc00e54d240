"""The SIMULATED GPU vendor's archive over HTTP, with faults that tests switch on.

Run as ``python -m firstlight.lab.services.archive_server --root DIR --listen ADDRESS:PORT
--faults DIR``. ``faults.json`` in the second folder is read at every request: all of
`firstlight.lab.services.faults` (files by name, or ``*`` for every one), and ``"variant":
"newer"`` or ``"stranger"``: the index offers a newer driver, or is signed by another key.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

from firstlight.lab.gpus.archive import VARIANTS
from firstlight.lab.services import faults

INDEX = ("InRelease", "Release", "Release.gpg", "Packages", "Packages.gz")
SECONDS = 60


class Archive(ThreadingHTTPServer):
    """The server: one thread for each connection."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, address: tuple[str, int], root: Path, switches: Path) -> None:
        self.root = root
        self.switches = switches
        super().__init__(address, Handler)

    def file(self, path: str) -> Path | None:
        """The file that a URL's path means now, or None; never one outside of the root."""
        wanted = unquote(urlsplit(path).path).lstrip("/")
        variant = faults.variant(self.switches)
        if variant and Path(wanted).name in INDEX:
            other = f"{VARIANTS}/{variant}/{wanted}"
            wanted = other if (self.root / other).is_file() else wanted
        found = (self.root / wanted).resolve()
        return found if found.is_relative_to(self.root) and found.is_file() else None


class Handler(BaseHTTPRequestHandler):
    """One connection of apt, which asks for several files in it."""

    protocol_version = "HTTP/1.1"
    timeout = SECONDS
    server: Archive

    def do_HEAD(self) -> None:
        """Headers only."""
        self._answer(body=False)

    def do_GET(self) -> None:
        """A whole file; what a client has of it already is sent again."""
        self._answer(body=True)

    def _answer(self, body: bool) -> None:
        path = self.server.file(self.path)
        name = Path(urlsplit(self.path).path).name
        trouble = faults.fault(self.server.switches, unquote(name))
        if path is None or trouble.status is not None:
            self.send_error(trouble.status or HTTPStatus.NOT_FOUND)
            return
        data = path.read_bytes()
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", "application/octet-stream")
        self.send_header("Content-Length", str(len(data)))
        if name not in INDEX:
            # An index and its variant may be of the same second: apt would take one for the other.
            self.send_header("Last-Modified", self.date_time_string(int(path.stat().st_mtime)))
        self.end_headers()
        if body:
            sent = data[: trouble.end(0, len(data) - 1)]
            self.wfile.write(trouble.spoil(sent))
            self.close_connection = self.close_connection or len(sent) < len(data)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing of single requests."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until SIGTERM ends the process."""
    parser = argparse.ArgumentParser(prog="firstlight.lab.services.archive_server")
    parser.add_argument("--root", type=Path, required=True)
    parser.add_argument("--faults", type=Path, required=True)
    parser.add_argument("--listen", required=True, metavar="ADDRESS:PORT")
    chosen = parser.parse_args(arguments)
    host, _, port = chosen.listen.rpartition(":")
    with Archive((host, int(port)), chosen.root.resolve(), chosen.faults) as server:
        server.serve_forever()


if __name__ == "__main__":
    main()
