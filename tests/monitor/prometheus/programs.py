"""Real programs on loopback ports of their own, and servers for them to ask."""

from __future__ import annotations

import socket
import ssl
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from firstlight.monitor.release import CURRENT, MonitorRelease
from firstlight.pki import Leaf
from firstlight.secret import revealed

SECONDS = 20


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def written(
    release: MonitorRelease, folder: Path, instead: Mapping[str, str] | None = None
) -> Path:
    """Write a release to ``folder`` as a host would have it, with other texts ``instead``."""
    for name, text in release.files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        found = revealed(text).replace(CURRENT, str(folder))
        for old, new in (instead or {}).items():
            found = found.replace(old, new)
        path.write_text(found)
    return folder


class Program:
    """A running program whose words are kept in ``log``."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self.process, self._log = process, log

    @property
    def log(self) -> str:
        return self._log.read_text()

    @property
    def seen(self) -> str:
        """What other accounts of a host can see of it: its arguments; and its environment."""
        folder = Path(f"/proc/{self.process.pid}")
        return "".join((folder / name).read_text() for name in ("cmdline", "environ"))


@contextmanager
def running(words: list[str], log: Path, port: int) -> Iterator[Program]:
    """Run a program until it listens at ``port``, and end it afterwards."""
    with log.open("wb") as out:
        process = subprocess.Popen(words, stdout=out, stderr=subprocess.STDOUT, cwd=log.parent)
    try:
        end = time.monotonic() + SECONDS
        while process.poll() is None and time.monotonic() < end:
            with socket.socket() as tried:
                if tried.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        assert process.poll() is None, log.read_text()
        yield Program(process, log)
    finally:
        process.terminate()
        process.wait(10)


def context(folder: Path, *, client: bool = True) -> ssl.SSLContext:
    """Return what a monitor's client shows and believes, from a written release."""
    made = ssl.create_default_context(cafile=str(folder / "ca.crt"))
    made.check_hostname = False  # it is asked at 127.0.0.1
    if client:
        made.load_cert_chain(folder / "monitor.crt", folder / "monitor.key")
    return made


def get(url: str, tls: ssl.SSLContext | None = None) -> str:
    """Return a page, or the word "refused" where the connection is not taken."""
    try:
        with urllib.request.urlopen(url, timeout=SECONDS, context=tls) as answer:
            return str(answer.read().decode())
    except (urllib.error.URLError, OSError):
        return "refused"


def until(url: str, word: str, tls: ssl.SSLContext | None = None) -> str:
    """Return the page as soon as ``word`` is in it."""
    end = time.monotonic() + SECONDS
    while word not in (page := get(url, tls)):
        assert time.monotonic() < end, page[-2000:]
        time.sleep(0.1)
    return page


@contextmanager
def serving(
    handler: type[BaseHTTPRequestHandler], leaf: Leaf, folder: Path, clients: str = ""
) -> Iterator[int]:
    """Serve by TLS with ``leaf`` and yield the port; only for holders of certificates of ``clients``."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "tls.pem").write_text(leaf.cert_pem + leaf.key.reveal())
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(folder / "tls.pem")
    if clients:
        tls.load_verify_locations(cadata=clients)
        tls.verify_mode = ssl.CERT_REQUIRED
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.socket = tls.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
