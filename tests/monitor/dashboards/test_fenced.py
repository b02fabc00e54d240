"""The fence around Grafana's account: real nftables, in a network of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from firstlight.monitor import grafana
from firstlight.settings import HostSettings
from firstlight.weights import fence

UID = 64711
LISTEN = """
import os, socket, sys
os.setgid({uid}); os.setuid({uid})
server = socket.create_server(("127.0.0.1", 3000))
print("up", flush=True)
for _ in range(2):
    with server.accept()[0] as found:
        found.sendall(b"answer")
"""
TRY = """
import os, socket
def tried(port):
    try:
        with socket.create_connection(("127.0.0.1", port), 2) as found:
            found.settimeout(1)
            return found.recv(6).decode() or "closed"
    except OSError as error:
        return type(error).__name__
found = [tried(3000)]
os.setgid({uid}); os.setuid({uid})
print(*found, *[tried(port) for port in (9090, 9091, 3000)])
"""
OPEN = """
import socket, time
servers = [socket.create_server(("127.0.0.1", port)) for port in (9090, 9091)]
time.sleep(30)
"""


@pytest.mark.skipif(os.getuid() != 0 or not shutil.which("nft"), reason="needs root and nft")
def test_it_answers_whom_came_and_reaches_prometheus_alone(
    site: dict[str, HostSettings], tmp_path: Path
) -> None:
    reach = str(grafana.configuration(site["watch1"], site).files[grafana.REACH])
    job = json.loads(reach)
    pins = fence.pinned([(host, port) for host, port in job["reach"]])
    (tmp_path / "rules").write_text(fence.ruleset({UID: pins}, {UID} if job["serves"] else ()))
    for name, text in (("listen", LISTEN), ("try", TRY), ("open", OPEN)):
        (tmp_path / name).write_text(text.replace("{uid}", str(UID)))
    script = """
    set -e; cd "$1"; ip link set lo up; nft -f rules
    python3 open & others=$!; python3 listen >up & grafana=$!
    for _ in $(seq 100); do [ -s up ] && break; sleep 0.1; done
    python3 try; kill $others $grafana
    """
    words = ["unshare", "--net", "sh", "-c", script, "sh", str(tmp_path)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    if "Operation not permitted" in done.stderr or "unshare" in done.stderr:
        pytest.skip(done.stderr.strip())
    root, prometheus, other, itself = done.stdout.split()
    assert (root, prometheus) == ("answer", "TimeoutError"), "let through, and nothing to say"
    assert other == itself == "ConnectionRefusedError", done.stdout
