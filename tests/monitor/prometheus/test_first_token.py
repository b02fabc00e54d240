"""The blackbox exporter itself asks a TLS server through a generated module: only a token will do."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlencode

import pytest

from firstlight import site as sites
from firstlight.monitor.blackbox import PORT, probes
from firstlight.monitor.release import release_of
from firstlight.settings import HostSettings
from tests.monitor.prometheus.conftest import PROGRAMS, LoadSite
from tests.monitor.prometheus.programs import (
    Program,
    context,
    free_port,
    get,
    running,
    serving,
    written,
)

EXPORTER = PROGRAMS["prometheus-blackbox-exporter"]


def chunk(**delta: str) -> bytes:
    return f"data: {json.dumps({'choices': [{'delta': delta}]})}\n\n".encode()


END = b"data: [DONE]\n\n"
STREAMS: dict[str, tuple[int, bytes, bool]] = {
    "a token": (200, chunk(role="assistant", content="") + chunk(content="Hi") + END, True),
    "a line's end": (200, chunk(content="\n") + END, True),
    "a thought": (200, chunk(reasoning_content="I should") + END, True),
    "words about errors": (200, chunk(content='{"error": 1}') + END, True),
    "error is null": (200, b'data: {"error": null, "choices":[{"delta":{"content":"a"}}]}\n\n', True),
    "no token": (200, chunk(role="assistant", content="") + END, False),
    "nothing": (200, b"", False),
    "an error in the stream": (200, chunk(content="H") + b'data: {"error": {"code": 500}}\n\n', False),
    "nobody known": (401, b'{"error": {"message": "no such key"}}', False),
    "no copy left": (503, b'{"error": {"message": "busy"}}', False),
    "elsewhere": (307, b"", False),
}  # fmt: skip


class Edge(BaseHTTPRequestHandler):
    """An edge that answers as it is told, and keeps what it was asked."""

    told: ClassVar[tuple[int, bytes, bool]]
    asked: ClassVar[list[dict[str, Any]]] = []
    pause: ClassVar[threading.Event] = threading.Event()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.asked.append({"path": self.path, "body": json.loads(body), **self.headers})
        status, answer, _ = self.told
        self.send_response(status)
        if status == 307:
            self.send_header("Location", f"https://127.0.0.1:{self.server.server_address[1]}/other")  # type: ignore[index]
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def edge(site: LoadSite, tmp_path: Path) -> Iterator[dict[str, HostSettings]]:
    Edge.asked.clear()
    leaf = sites.leaf(site()["front1"])
    with serving(Edge, leaf, tmp_path / "edge") as port:
        yield site(front1={"address": "127.0.0.1", "edge": {"port": port, "http_port": 80}})


@pytest.fixture
def exporter(edge: dict[str, HostSettings], tmp_path: Path) -> Iterator[tuple[Program, str]]:
    release = release_of(edge["watch1"], edge, {})
    folder = written(release, tmp_path / "release")
    port = free_port()
    words = [
        EXPORTER, f"--config.file={folder}/blackbox.yml", f"--web.config.file={folder}/web.yml",
        f"--web.listen-address=127.0.0.1:{port}", "--log.level=debug",
    ]  # fmt: skip
    with running(words, tmp_path / "exporter.log", port) as program:
        yield program, f"https://127.0.0.1:{port}"


def asking(edge: dict[str, HostSettings], more: dict[str, str] | None = None) -> str:
    (probe,) = probes(edge["watch1"], edge)
    return "/probe?" + urlencode({"target": probe.url, "module": probe.module, **(more or {})})


def test_only_a_token_is_a_success(
    edge: dict[str, HostSettings], exporter: tuple[Program, str], tmp_path: Path
) -> None:
    _, url = exporter
    seen = {}
    for what, told in STREAMS.items():
        Edge.told = told
        page = get(url + asking(edge), context(tmp_path / "release"))
        seen[what] = "\nprobe_success 1\n" in page
    assert seen == {what: right for what, (_, _, right) in STREAMS.items()}
    # One request each: what was sent elsewhere was not followed, with the key, to there.
    assert len(Edge.asked) == len(STREAMS)
    key = sites.probe_key(edge["watch1"]).reveal()
    asked = Edge.asked[0]
    assert asked["Authorization"] == f"Bearer {key}"
    assert asked["path"] == "/models/tiny/v1/chat/completions"
    assert asked["body"]["stream"] is True and asked["body"]["max_tokens"] == 16
    assert asked["Host"] == f"llm.example.net:{edge['front1'].edge.port}"


def test_nobody_sees_the_key(
    edge: dict[str, HostSettings], exporter: tuple[Program, str], tmp_path: Path
) -> None:
    program, url = exporter
    Edge.told = STREAMS["nobody known"]
    client = context(tmp_path / "release")
    told = get(url + asking(edge, {"debug": "true"}), client)
    assert "Probe failed" in told
    pages = [told, get(f"{url}/config", client), get(f"{url}/metrics", client)]
    release = release_of(edge["watch1"], edge, {})
    texts = [str(release.files[name]) for name in ("prometheus.yml", "blackbox.yml", "web.yml")]
    key = sites.probe_key(edge["watch1"]).reveal()
    assert len(key) > 40
    assert not [text for text in (*pages, *texts, program.seen, program.log) if key in text]


def test_no_other_account_has_the_key_sent_anywhere(
    edge: dict[str, HostSettings], exporter: tuple[Program, str], tmp_path: Path
) -> None:
    _, url = exporter
    Edge.told = STREAMS["a token"]
    assert get(url + asking(edge), context(tmp_path / "release", client=False)) == "refused"
    assert get(url.replace("https", "http") + asking(edge)) == "refused"
    assert Edge.asked == []


def test_another_server_does_not_get_the_key(
    edge: dict[str, HostSettings], exporter: tuple[Program, str], tmp_path: Path
) -> None:
    """Its certificate is one of the site's own CA, and not the edge's."""
    Edge.told = STREAMS["a token"]
    with serving(Edge, sites.gate_leaf(edge["gpu1"]), tmp_path / "other") as port:
        (probe,) = probes(edge["watch1"], edge)
        target = f"https://127.0.0.1:{port}{probe.path}"
        query = urlencode({"target": target, "module": probe.module})
        page = get(f"{exporter[1]}/probe?{query}", context(tmp_path / "release"))
    assert "\nprobe_success 0\n" in page and Edge.asked == []


def test_the_exporter_takes_what_is_written(site: LoadSite, tmp_path: Path) -> None:
    nowhere = site(front1={"monitor": {"enabled": False}})
    for number, each in enumerate((site(), nowhere)):
        release = release_of(each["watch1"], each, {})
        folder = written(release, tmp_path / str(number))
        words = [EXPORTER, "--config.check", f"--config.file={folder}/blackbox.yml"]
        done = subprocess.run(words, capture_output=True, text=True, timeout=20, check=False)
        assert done.returncode == 0, done.stderr
        assert f"firstlight-release-{release.name}" in release.files["blackbox.yml"]  # type: ignore[operator]
        assert ("probe.key" in release.files) == (each is not nowhere)
    assert PORT == 9115
