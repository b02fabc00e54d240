"""A port of a lab host's loopback address on this machine, through SSH."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

from firstlight.lab import ssh
from firstlight.lab.state import Rack


@contextmanager
def tunnel(rack: Rack, host: str, port: int) -> Iterator[str]:
    """While this lasts, the port of ``host`` is reached at the URL that is given."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        here = free.getsockname()[1]
    words = ssh.command_line(rack, host)
    way = [*words[:1], "-N", "-L", f"127.0.0.1:{here}:127.0.0.1:{port}", *words[1:]]
    process = subprocess.Popen(way)
    try:
        deadline = time.monotonic() + 20
        while True:
            try:
                socket.create_connection(("127.0.0.1", here), timeout=1).close()
                break
            except OSError:
                assert time.monotonic() < deadline and process.poll() is None, "no tunnel"
                time.sleep(0.1)
        yield f"http://127.0.0.1:{here}"
    finally:
        process.terminate()
        process.wait(timeout=10)
