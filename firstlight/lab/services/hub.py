"""A model hub that speaks enough of the Hugging Face Hub's HTTP API for its real clients.

Run as ``python -m firstlight.lab.services.hub --root DIR --listen ADDRESS:PORT``. It serves
``DIR/repos/OWNER/NAME/BRANCH/…``; ``DIR/hub.json`` names gated repositories. Files are hashed
when it starts: what is laid there later is not seen, and no path leads to anything else. The
same files are had from a web server, a SIMULATED S3 store and a SIMULATED Ollama registry beside
it: `firstlight.lab.services.shelf_request`.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from http.server import ThreadingHTTPServer
from pathlib import Path

from firstlight.lab.services import repository
from firstlight.lab.services.hub_request import Library
from firstlight.lab.services.shelf_request import Handler


class Hub(ThreadingHTTPServer):
    """The server: one thread for each connection."""

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 64

    def __init__(self, address: tuple[str, int], root: Path, token: str = "") -> None:
        self.library = Library(root, repository.load(root), token)
        super().__init__(address, Handler)


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until SIGTERM ends the process."""
    parser = argparse.ArgumentParser(prog="firstlight.lab.services.hub", description=__doc__)
    parser.add_argument("--root", type=Path, required=True)
    parser.add_argument("--listen", required=True, metavar="ADDRESS:PORT")
    parser.add_argument("--token-file", type=Path, help="holds the token that opens gated ones")
    chosen = parser.parse_args(arguments)
    host, _, port = chosen.listen.rpartition(":")
    token = chosen.token_file.read_text().strip() if chosen.token_file else ""
    with Hub((host, int(port)), chosen.root, token) as server:
        server.serve_forever()


if __name__ == "__main__":
    main()
