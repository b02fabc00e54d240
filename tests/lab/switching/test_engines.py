"""One host goes from engine to engine, through all of them: each serves, none leaves a trace.

Ollama, SGLang, TGI and Triton are SIMULATED: programs with the documented command line, health,
metrics, paths and end, and no model.
"""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from typing import Any

import pytest

from tests.lab.client import CHAT, chat
from tests.lab.rack import Run, TestRack
from tests.lab.standing import BASE
from tests.lab.switching.conftest import HOST, ORDER, SIMULATED

UNIT = "firstlight-engine-tiny.service"
TOKENS = 300  # 6 s of a stand-in's stream, 20 ms a token
# What each engine answers to whoever reaches its port, and clients must not reach: method and path.
CLOSED = {
    "ollama": ("POST /api/pull", "POST /api/push", "POST /api/create", "POST /api/copy",
               "DELETE /api/delete", "GET /api/tags",
               "GET /api/ps", "GET /api/version", "POST /api/blobs/sha256:0", "POST /api/show",
               "POST /api/chat", "POST /api/generate"),
    "sglang": ("POST /load_lora_adapter", "POST /unload_lora_adapter", "POST /flush_cache",
               "POST /update_weights_from_disk", "POST /release_memory_occupation",
               "POST /abort_request", "POST /generate", "GET /metrics", "GET /ready",
               "GET /health_generate", "GET /get_model_info", "GET /server_info"),
    "tgi": ("POST /generate", "POST /generate_stream", "POST /invocations", "POST /vertex",
            "POST /tokenize", "GET /info", "GET /metrics", "GET /health"),
    "triton": ("GET /metrics", "GET /health/ready"),
    "vllm": ("GET /metrics", "GET /health", "GET /version", "GET /load"),
    "llamacpp": ("GET /metrics", "GET /health", "GET /props"),
}  # fmt: skip


@dataclass(frozen=True)
class Switch:
    """The lab after its host was given another engine, and the run that did it."""

    lab: TestRack
    engine: str
    run: Run
    options: dict[str, Any]

    def on_host(self, script: str) -> str:
        return self.lab.sh(HOST, script).out


@pytest.fixture(scope="module", params=ORDER)
def switched(lab: TestRack, request: pytest.FixtureRequest) -> Switch:
    options: dict[str, Any] = {"engine": request.param}
    if request.param == "vllm":
        options = {"data": request.getfixturevalue("settings")}
        run: Run = request.getfixturevalue("on_vllm")
    else:
        run = lab.deploy(HOST, **options)
    assert run.code == 0, run.text
    return Switch(lab, request.param, run, options)


def test_it_serves_through_the_edge(switched: Switch) -> None:
    assert "tiny: first token after" in switched.run.text
    client = switched.lab.client(HOST)
    assert client.answers()
    answer = client.ask(CHAT, chat(8))
    assert answer.status == 200, answer.body
    text = json.loads(answer.body)["choices"][0]["message"]["content"]
    assert ("SIMULATED" in text) is (switched.engine in SIMULATED)


def test_nothing_of_the_engine_before_is_left(switched: Switch) -> None:
    image = switched.lab.model(switched.engine)["image"]
    running = "docker inspect -f '{{.Config.Image}}' $(docker ps -aq)"
    assert switched.on_host("docker ps -q").count("\n") == 1
    assert switched.on_host(running).split() == [image]
    units = switched.on_host("cat /etc/systemd/system/firstlight-engine-*.service")
    assert units.count("@sha256:") == units.count(image)


def test_the_second_run_has_nothing_to_do(switched: Switch) -> None:
    before = switched.lab.state_of(HOST)
    run, totals = switched.lab.changes(HOST, **switched.options)
    assert totals["success"] == totals["error"] == 0, run.text
    assert switched.lab.state_of(HOST) == before


def test_the_edge_closes_what_the_engine_leaves_open(switched: Switch) -> None:
    client, body = switched.lab.client(HOST), {"model": "tiny"}
    for each in CLOSED[switched.engine]:
        method, _, path = each.partition(" ")
        given = None if method == "GET" else body
        answer = client.ask(path, given, method=method)
        assert answer.status == 404, (each, answer.status, answer.body)
        if switched.engine in SIMULATED:  # it would have been answered there
            url = f'"$base{path}"'
            ask = f"curl -s -o /dev/null -w '%{{http_code}}' -X {method} -d '{json.dumps(body)}'"
            ask = f"{ask} {url}" if given else f"curl -s -f -o /dev/null {url}"
            status = switched.on_host(f"{BASE}; {ask}")
            assert status in ("", "200"), (each, status)


@pytest.mark.parametrize("switched", SIMULATED, indirect=True)
def test_a_stop_lets_open_streams_end(switched: Switch) -> None:
    """Also where the engine itself would cut them, as Ollama does."""
    client, rest = switched.lab.client(HOST), list[str]()
    stream = client.stream(TOKENS)
    assert json.loads(next(stream))["choices"]
    thread = threading.Thread(target=lambda: rest.extend(stream))
    thread.start()
    switched.on_host(f"systemctl stop {UNIT}")
    thread.join(timeout=60)
    assert rest[-1] == "[DONE]" and len(rest) > TOKENS
    assert client.ask(CHAT, chat(4)).status == 503
    switched.on_host(f"systemctl start {UNIT}")
    assert client.answers(30)
