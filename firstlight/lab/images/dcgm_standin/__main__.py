"""`dcgm-exporter`, SIMULATED: its command line, its start, its web server."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NoReturn

from . import counters, silicon
from .page import Page

COUNTERS = "/etc/dcgm-exporter/default-counters.csv"
WINDOW = 300000
SYS_ADMIN = 21


class Line(argparse.ArgumentParser):
    """The command line; what the real one does not know is refused in its words."""

    def error(self, message: str) -> NoReturn:
        print(f"Incorrect Usage: flag provided but not defined: {message}", file=sys.stderr)
        raise SystemExit(1)


def command_line(words: Sequence[str]) -> argparse.Namespace:
    """What the words, or else the environment's variables, say."""

    def said(name: str, default: object) -> str:
        return os.environ.get(f"DCGM_EXPORTER_{name}", str(default))

    line = Line("dcgm-exporter", allow_abbrev=False)
    line.add_argument("-f", "--collectors", default=said("COLLECTORS", COUNTERS))
    line.add_argument("-a", "--address", default=said("LISTEN", ":9400"))
    line.add_argument("-c", "--collect-interval", type=int, default=said("INTERVAL", 30000))
    line.add_argument("-n", "--no-hostname", action="store_true")
    line.add_argument("-d", "--devices", default="f")
    line.add_argument("-x", "--xid-count-window-size", type=int,
                      default=said("XID_COUNT_WINDOW_SIZE", WINDOW))  # fmt: skip
    return line.parse_args(words)


def privileged() -> bool:
    """Whether this process may profile: root with CAP_SYS_ADMIN."""
    status = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    (mask,) = (line.split()[1] for line in status if line.startswith("CapEff:"))
    return bool(int(mask, 16) >> SYS_ADMIN & 1)


def page_of(line: argparse.Namespace, folder: Path = silicon.FOLDER) -> Page:
    """The page to serve. Raises RefusedError where the real one would not start."""
    gpus = [gpu for gpu in silicon.gpus(folder) if folder != silicon.FOLDER or gpu.device.exists()]
    if not gpus:
        raise counters.RefusedError("no GPU entities to watch: deviceWatchList is empty")
    profiling = any(gpu.profiled for gpu in gpus)
    if not profiling:
        counters.log("INFO", "Not collecting DCP metrics: This request is serviced by a module "
                     "of DCGM that is not currently loaded")  # fmt: skip
    listed = counters.read(Path(line.collectors), profiling=profiling)
    if any(each.name.startswith("DCGM_FI_PROF_") for each in listed) and not privileged():
        raise counters.RefusedError(
            "Failed to watch metrics: Error watching fields: Host engine is running as non-root. "
            "To get profiling metrics with dcgm-exporter, use --cap-add SYS_ADMIN"
        )
    return Page(gpus, listed, line.collect_interval / 1000, line.xid_count_window_size, folder)


def handler(page: Page) -> type[BaseHTTPRequestHandler]:
    """What answers: the metrics, and whether it is alive."""
    known: dict[str, Callable[[], str]] = {"/health": lambda: "OK", "/metrics": page.text}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = known.get(self.path, lambda: "404 page not found\n")().encode()
            self.send_response(200 if self.path in known else 404)
            self.send_header("Content-Type", "text/plain; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *words: object) -> None:
            """The real one is silent about requests."""

    return Handler


def main(words: Sequence[str]) -> int:
    """Serve until the process is ended; 1 with a reason where it cannot start."""
    line = command_line(words)
    counters.log("INFO", "Starting dcgm-exporter")
    try:
        page = page_of(line, Path(os.environ.get("SIMULATED_SILICON", silicon.FOLDER)))
    except counters.RefusedError as error:
        counters.log("ERROR", str(error))
        return 1

    host, _, port = line.address.rpartition(":")
    counters.log("INFO", f"Starting webserver, {len(page.gpus)} GPUs")
    ThreadingHTTPServer((host, int(port)), handler(page)).serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
