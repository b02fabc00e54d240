"""Prometheus watching 1, 10 and 100 hosts: its series, its memory, its processor time.

    python -m benchmarks.series [SECONDS] [HOSTS…]

Prometheus and its configuration, rules and certificates are real; the hosts are SIMULATED: one process
answers for all of them by TLS, with pages that were recorded or made up for tests, multiplied
to a host's size (64 CPUs, 8 GPUs, 2 engines; every tenth host has an edge with 20 keys). All
numbers move from scrape to scrape, as they would. It needs Debian's or Ubuntu's packages.
"""

from __future__ import annotations

import re
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from firstlight import keys
from firstlight import site as sites
from firstlight.exporter import node
from firstlight.lab.packages import ensure
from firstlight.monitor.release import release_of
from firstlight.monitor.rules import rules
from firstlight.settings import HostSettings, load_site
from tests.monitor.exposition import FOLDER
from tests.monitor.prometheus.programs import free_port, get, running, until, written
from tests.site import VLLM

NEEDED = {
    "prometheus": "/usr/bin/prometheus",
    "prometheus-node-exporter": "/usr/bin/prometheus-node-exporter",
}
CPUS, GPUS, KEYS, EDGE_EACH = 64, 8, 20, 10
_VALUE = re.compile(r" (-?[0-9.]+(?:e[+-]?[0-9]+)?)$", re.M)
WATCHED = (
    "prometheus_tsdb_head_series",
    "process_resident_memory_bytes",
    "process_cpu_seconds_total",
    "prometheus_tsdb_head_samples_appended_total",
)


def samples(page: str) -> list[str]:
    return [line for line in page.splitlines() if line and not line.startswith("#")]


def many(page: str, label: str, count: int) -> list[str]:
    """Return a page's lines with ``label`` as many times; those without it once."""
    known = [line for line in samples(page) if f'{label}="' in line]
    first = re.compile(rf'\b{label}="[^"]*"')
    own = dict.fromkeys(first.sub(f'{label}="#"', line).rsplit(" ", 1)[0] for line in known)
    made = [line.replace('="#"', f'="{n}"') + " 1000" for n in range(count) for line in own]
    return [line for line in samples(page) if line not in known] + made


def node_page(folder: Path) -> str:
    """Return what the real node exporter says of this machine."""
    port = free_port()
    words = [word.replace(f":{node.PORT}", f":{port}") for word in node.words()]
    with running(words, folder / "node.log", port):
        return get(f"http://127.0.0.1:{port}/metrics")


def pages(folder: Path) -> dict[str, tuple[list[str], ...]]:
    """Return the lines of every page; one of each kind for every path below it."""
    read = {name: (FOLDER / f"{name}.prom").read_text() for name in ("facts", "vllm", "edge")}
    gpu = (FOLDER / "dcgm-datacenter.prom").read_text()
    return {
        "/node": (many(node_page(folder), "cpu", CPUS) + samples(read["facts"]),),
        "/gpu": (many(gpu, "gpu", GPUS),),
        "/engine": (samples(read["vllm"]),),
        "/edge": (many(read["edge"], "key", KEYS),),
    }


class Hosts(BaseHTTPRequestHandler):
    """Every host's telemetry port."""

    protocol_version = "HTTP/1.1"
    lines: dict[str, tuple[list[str], ...]]
    scrapes = 0

    def do_GET(self) -> None:
        kind = "/" + self.path.split("/")[1].partition("?")[0]
        Hosts.scrapes += 1
        step = Hosts.scrapes % 997
        text = "\n".join(self.lines[kind][0])
        body = _VALUE.sub(lambda found: f" {float(found[1]) + step}", text).encode() + b"\n"
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


class Server(ThreadingHTTPServer):
    request_queue_size = 1024


def site_of(count: int, port: int, root: Path) -> dict[str, HostSettings]:
    """Return a site of so many hosts, each at a loopback address of its own, and its monitor."""
    api_keys = root / ".firstlight/bench/keys/api-keys.toml"
    if not api_keys.exists():
        keys.issue(api_keys, "alice")
    image = {"image": "nvcr.io/nvidia/k8s/dcgm-exporter@sha256:" + "1" * 64}
    common: dict[str, Any] = {"site": "bench", "monitor": {"port": port, "gpus": image}}
    models = [{**VLLM, "gpus": 4, "tensor_parallel": 4, "port": 8000 + n * 2, "name": f"m{n}"} for n in range(2)]  # fmt: skip
    hosts: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {}
    for number in range(count):
        edge = number % EDGE_EACH == 0
        address = f"127.0.{1 + number // 200}.{1 + number % 200}"
        data = {
            **common, "address": address, "models": models, "nvidia": {"count": GPUS, "card": "h100"},
            "edge": {"enabled": edge, **({"hosts": [f"host{number}"]} if edge else {})},
            **({"domain": f"llm{number}.example.net"} if edge else {}),
        }  # fmt: skip
        hosts[f"host{number}"] = (data, ("gpu",))
    off = {"enabled": False}
    own = {**common, "address": "127.0.9.9", "edge": off, "monitor": {"port": port, "gpus": off}}
    hosts["watch1"] = (own, ("monitor",))
    return load_site(hosts, root)


def told(url: str) -> dict[str, float]:
    page = get(f"{url}/metrics")
    found = {name: re.search(rf"^{name}(?:{{[^}}]*}})? (\S+)$", page, re.M) for name in WATCHED}
    return {name: float(match[1]) for name, match in found.items() if match}


def measured(count: int, seconds: int, root: Path, lines: dict[str, tuple[list[str], ...]]) -> str:
    """Run Prometheus before so many hosts for so many seconds, and return its line of the table."""
    root.mkdir()
    port, own = free_port(), free_port()
    site = site_of(count, port, root)
    monitor, leaf = site["watch1"], sites.gate_leaf(site["watch1"])
    folder = written(release_of(monitor, site, rules(monitor, site)), root / "release")
    (root / "tls.pem").write_text(leaf.cert_pem + leaf.key.reveal())
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(root / "tls.pem")
    Hosts.lines = lines
    server = Server(("0.0.0.0", port), Hosts)
    server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    words = [
        "prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={root}/data",
        f"--web.listen-address=127.0.0.1:{own}",
    ]  # fmt: skip
    try:
        with running(words, root / "prometheus.log", own):
            url = f"http://127.0.0.1:{own}"
            until(f"{url}/-/ready", "Ready")
            time.sleep(45)  # every target has been read twice, every rule evaluated
            before, begun = told(url), time.monotonic()
            time.sleep(seconds)
            after, spent = told(url), time.monotonic() - begun
            down = get(
                f"{url}/api/v1/query?query=count(up%7Binstance%3D~%22host.%2B%22,job!%3D%22public%22%7D%3D%3D0)"
            )
    finally:
        server.shutdown()
        server.server_close()
    size = sum(each.stat().st_size for each in (root / "data").rglob("*") if each.is_file())
    cpu = (after[WATCHED[2]] - before[WATCHED[2]]) / spent
    rate = (after[WATCHED[3]] - before[WATCHED[3]]) / spent
    memory = after[WATCHED[1]] / 2**20
    unread = re.search(r'"value":\[[^,]+,"(\d+)"', down)
    return (
        f"| {count} | {after[WATCHED[0]]:,.0f} | {rate:,.0f} | {memory:,.0f} MiB"
        f" | {100 * cpu:.1f} % | {size / 2**20:,.0f} MiB | {unread[1] if unread else 0} |"
    )


def main(seconds: int, counts: list[int]) -> None:
    """Print a table in Markdown."""
    ensure(print, NEEDED)
    version = subprocess.run(
        ["prometheus", "--version"], capture_output=True, text=True, check=True
    )
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        lines = pages(root)
        shown = ", ".join(f"{kind} {len(each[0])}" for kind, each in lines.items())
        print(f"{version.stdout.splitlines()[0]}; lines of a page: {shown}; {seconds} s each\n")
        print("| hosts | series | samples/s | memory | of one core | written | not read |")
        print("|---|---|---|---|---|---|---|")
        for count in counts:
            print(measured(count, seconds, root / str(count), lines), flush=True)


if __name__ == "__main__":
    given = [int(word) for word in sys.argv[1:]]
    main(given[0] if given else 120, given[1:] or [1, 10, 100])
