"""A real nginx at the doors of a monitor: who reads what is measured, and who guesses passwords."""

from __future__ import annotations

import base64
import json
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPSConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from firstlight import site as sites
from firstlight.monitor.certificates import monitor_leaf
from firstlight.pki import Authority, Leaf, leaf
from firstlight.secret import revealed
from tests.monitor.prometheus.conftest import loading
from tests.monitor.prometheus.programs import free_port, running
from tests.unit.edge.conftest import served

GRAFANA = {"image": "docker.io/grafana/grafana@sha256:" + "a" * 64}
CONF = """
daemon off; pid {folder}/nginx.pid; error_log stderr warn; worker_processes 1;
events {{ worker_connections 64; }}
http {{
  {temporary}
  map_hash_bucket_size 128;
  include {folder}/telemetry.conf;
  include {folder}/dashboards.conf;
}}
"""


class Echo(BaseHTTPRequestHandler):
    """What stands behind a door: says what it was asked."""

    def do_GET(self) -> None:
        said = json.dumps({"path": self.path, **dict(self.headers.items())}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@dataclass
class Doors:
    """The ports of a monitor's nginx, and the certificates that its site has."""

    telemetry: int
    dashboards: int
    site: dict[str, Any]
    folder: Path

    def ask(
        self, port: int, path: str, shown: Leaf | None = None, headers: dict[str, str] | None = None
    ) -> tuple[int, dict[str, str]]:
        """Return status and echo of a request; 0 where the connection was not taken."""
        tls = ssl.create_default_context()
        tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
        if shown is not None:
            (self.folder / "shown.pem").write_text(shown.cert_pem + shown.key.reveal())
            tls.load_cert_chain(self.folder / "shown.pem")
        connection = HTTPSConnection("127.0.0.1", port, timeout=10, context=tls)
        try:
            connection.request("GET", path, headers=headers or {})
            answer = connection.getresponse()
            text = answer.read()
        except OSError:
            return 0, {}
        finally:
            connection.close()
        return answer.status, json.loads(text) if text[:1] == b"{" and answer.status == 200 else {}


@contextmanager
def behind() -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield int(server.server_address[1])
    finally:
        server.shutdown()


@pytest.fixture(scope="module")
def doors(tmp_path_factory: pytest.TempPathFactory, nginx: Path) -> Iterator[Doors]:
    root = tmp_path_factory.mktemp("doors")
    site = loading(root)(watch1={"monitor": {"grafana": GRAFANA}})
    release, _ = served(site, "watch1", ipv6=False)
    assert release is not None
    (folder := root / "release").mkdir()
    with behind() as source:
        found = Doors(free_port(), free_port(), site, folder)
        instead = {
            release.folder: str(folder),
            "listen 127.0.0.1:9443 ": f"listen 127.0.0.1:{found.telemetry} ",
            "listen 3443 ": f"listen 127.0.0.1:{found.dashboards} ",
            "127.0.0.1:9100": f"127.0.0.1:{source}",
            "X25519MLKEM768:": "",  # this machine's OpenSSL may be older than the host's
            "127.0.0.1:3000": f"127.0.0.1:{source}",
        }
        for name, text in release.files.items():
            written = revealed(text)
            for old, new in instead.items():
                written = written.replace(old, new)
            (folder / name).write_text(written)
        kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        temporary = " ".join(f"{kind}_temp_path {folder}/{kind};" for kind in kinds)
        (folder / "test.conf").write_text(CONF.format(folder=folder, temporary=temporary))
        words = [str(nginx), "-p", str(folder), "-c", str(folder / "test.conf")]
        tried = subprocess.run(
            [*words, "-t"], capture_output=True, text=True, timeout=30, check=False
        )
        assert tried.returncode == 0, tried.stderr
        with running(words, root / "nginx.log", found.telemetry):
            yield found


def test_a_monitor_alone_reads_what_is_measured(doors: Doors, tmp_path: Path) -> None:
    watch, front = doors.site["watch1"], doors.site["front1"]
    status, seen = doors.ask(doors.telemetry, "/node", monitor_leaf(watch))
    assert (status, seen["path"]) == (200, "/metrics")
    # An edge of the same site has a certificate of the same CA: for gates, and not for this.
    assert doors.ask(doors.telemetry, "/node", sites.visitor_leaf(front))[0] == 403
    assert doors.ask(doors.telemetry, "/node")[0] == 400
    stranger = leaf(Authority.load_or_create(tmp_path, "lab"), tmp_path, "monitor.example.net")
    assert doors.ask(doors.telemetry, "/node", stranger)[0] in (0, 400)
    assert doors.ask(doors.telemetry, "/api/health", monitor_leaf(watch))[0] == 404
    # The name that is asked for leads to no other server of the release.
    host = {"Host": f"watch1.example.net:{doors.dashboards}"}
    assert doors.ask(doors.telemetry, "/login", sites.visitor_leaf(front), host)[0] == 403


def test_a_secret_that_is_shown_goes_no_further(doors: Doors) -> None:
    shown = monitor_leaf(doors.site["watch1"])
    _, seen = doors.ask(doors.telemetry, "/node", shown, {"Authorization": "Bearer mine"})
    assert "mine" not in json.dumps(seen) and seen["Host"] == "localhost"


def test_grafana_hears_of_a_client_from_nginx_alone(doors: Doors) -> None:
    told = {
        "Host": "watch.example.net", "X-Forwarded-For": "198.51.100.7", "X-Real-IP": "198.51.100.7",
        "X-Forwarded-Host": "evil.example.org", "X-Forwarded-Proto": "http",
        "Forwarded": "for=198.51.100.7;host=evil.example.org",
    }  # fmt: skip
    status, seen = doors.ask(doors.dashboards, "/d/fleet", headers=told)
    assert status == 200 and seen["Host"] == "watch.example.net"
    assert (seen["X-Forwarded-For"], seen["X-Forwarded-Proto"]) == ("127.0.0.1", "https")
    assert "evil" not in json.dumps(seen) and "198.51.100.7" not in json.dumps(seen)


@pytest.mark.parametrize("way", ["/login", "/login/", "//login", "/api/org"])
def test_guessing_a_password_is_slow(doors: Doors, way: str) -> None:
    guess = base64.b64encode(b"admin:guess").decode()
    headers = {"Authorization": f"bAsIc {guess}"} if way.startswith("/api") else {}
    seen = [doors.ask(doors.dashboards, way, headers=headers)[0] for _ in range(15)]
    assert 429 in seen  # one more is let past every six seconds
    # Whoever has a session, or a token, is not held up by it.
    token = {"Authorization": "Bearer glsa_token"}
    assert {doors.ask(doors.dashboards, "/api/org", headers=token)[0] for _ in range(15)} == {200}
