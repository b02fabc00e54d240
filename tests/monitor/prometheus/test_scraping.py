"""Prometheus itself loads a generated release and reads a door that wants its certificate."""

from __future__ import annotations

import json
import os
import signal
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from firstlight import site as sites
from firstlight.monitor.certificates import monitor_leaf
from firstlight.monitor.release import MonitorRelease, release_of
from tests.monitor.prometheus.conftest import LoadSite, loading
from tests.monitor.prometheus.programs import (
    Program,
    free_port,
    get,
    running,
    serving,
    until,
    written,
)

PAGE = b'probe_a{instance="liar",gpu="0"} 7\n'
RULES = "groups: [{name: a, rules: [{alert: Seven, expr: probe_a == 7, for: 1h}]}]\n"


class Door(BaseHTTPRequestHandler):
    """A host's telemetry port."""

    def do_GET(self) -> None:
        self.send_response(200 if self.path in ("/node", "/engine/tiny") else 404)
        self.end_headers()
        self.wfile.write(PAGE)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def watched(
    site: LoadSite, door: int, impostor: int, rules: dict[str, str] | None = None
) -> MonitorRelease:
    """Return the release of watch1: gpu1 is behind ``door``, watch1's own is the ``impostor``."""
    each = site(
        gpu1={"address": "127.0.0.1", "monitor": {"port": door}},
        front1={"monitor": {"enabled": False}},
        watch1={"address": "127.0.0.1", "monitor": {"interval": 1, "port": impostor}},
    )
    return release_of(each["watch1"], each, {"a.yml": RULES, **(rules or {})})


@dataclass
class Watching:
    """A Prometheus that goes by the release in ``folder``, before the ports ``doors``."""

    program: Program
    url: str
    folder: Path
    site: LoadSite
    doors: tuple[int, int]


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watching]:
    root = tmp_path_factory.mktemp("watching")
    site, own = loading(root), free_port()
    hosts = site()
    ca = sites.authority(hosts["gpu1"]).pem
    # It has a certificate of the site's CA, and not that of a gate.
    other = monitor_leaf(hosts["watch1"])
    with (
        serving(Door, sites.gate_leaf(hosts["gpu1"]), root / "door", clients=ca) as door,
        serving(Door, other, root / "impostor") as impostor,
    ):
        folder = written(watched(site, door, impostor), root / "release")
        words = [
            "prometheus", f"--config.file={folder}/prometheus.yml",
            f"--storage.tsdb.path={root}/data", f"--web.listen-address=127.0.0.1:{own}",
        ]  # fmt: skip
        with running(words, root / "prometheus.log", own) as program:
            yield Watching(program, f"http://127.0.0.1:{own}", folder, site, (door, impostor))


def series(url: str, query: str) -> list[dict[str, str]]:
    page = until(f"{url}/api/v1/query?query={quote(query)}", '"metric"')
    return [each["metric"] for each in json.loads(page)["data"]["result"]]


def test_a_door_is_read_with_the_monitors_certificate(prometheus: Watching) -> None:
    url = prometheus.url
    assert series(url, 'probe_a{job="engine"}') == [
        {
            "__name__": "probe_a", "job": "engine", "instance": "gpu1", "gpu_class": "none",
            "model": "tiny", "replica": "tiny", "engine": "llamacpp",
            "exported_instance": "liar", "gpu": "0",
        }
    ]  # fmt: skip
    assert series(url, 'probe_a{job="node", instance="gpu1"}')
    # Without its certificate nobody is answered.
    stranger = ssl.create_default_context()
    stranger.check_hostname, stranger.verify_mode = False, ssl.CERT_NONE
    assert get(f"https://127.0.0.1:{prometheus.doors[0]}/node", stranger) == "refused"


def test_who_has_no_gates_certificate_is_not_believed(prometheus: Watching) -> None:
    assert series(prometheus.url, 'up{job="node", instance="watch1"} == 0')
    targets = json.loads(get(f"{prometheus.url}/api/v1/targets"))["data"]["activeTargets"]
    (error,) = [
        each["lastError"]
        for each in targets
        if each["labels"]["instance"] == "watch1" and each["labels"]["job"] == "node"
    ]
    assert "certificate" in error and "gate.firstlight.internal" in error


def test_a_reload_is_seen_and_forgets_no_pending_alert(prometheus: Watching) -> None:
    url, folder = prometheus.url, prometheus.folder
    before = until(f"{url}/api/v1/alerts", '"pending"')
    first = watched(prometheus.site, *prometheus.doors)
    other = watched(prometheus.site, *prometheus.doors, rules={"b.yml": "groups: []\n"})
    loaded = get(f"{url}/api/v1/status/config")
    assert f"firstlight-release-{first.name}" in loaded and other.name not in loaded
    written(other, folder)
    os.kill(prometheus.program.process.pid, signal.SIGHUP)
    until(f"{url}/api/v1/status/config", f"firstlight-release-{other.name}")
    after = json.loads(get(f"{url}/api/v1/alerts"))["data"]["alerts"]
    starts = {each["activeAt"] for each in json.loads(before)["data"]["alerts"]}
    assert starts and starts <= {each["activeAt"] for each in after}
    # One that cannot be loaded leaves what is, and says so.
    (folder / "prometheus.yml").write_text("nothing: good\n")
    os.kill(prometheus.program.process.pid, signal.SIGHUP)
    until(f"{url}/metrics", "\nprometheus_config_last_reload_successful 0\n")
    assert other.name in get(f"{url}/api/v1/status/config")
