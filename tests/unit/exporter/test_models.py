"""Models of the host: what they are, whether they serve, and Ollama's, which has no metrics."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, ClassVar

import pytest

from firstlight.exporter import models
from firstlight.exporter.page import Page
from tests.unit.exporter.machine import SPEC, Machine, samples

LABELS = '{model="tiny",replica="tiny.2"}'
MODEL: dict[str, Any] = {
    "model": "tiny",
    "replica": "tiny.2",
    "info": {"engine": "vllm", "image": "i@sha256:1", "weights": "hf://a/b@1"},
    "concurrency": 8,
    "context": 4096,
    "markers": ["/srv/models/one/.firstlight.json", "/srv/models/two/.firstlight.json"],
    "out": "/run/firstlight-engines/tiny.2-8001",
}


class Ollama(BaseHTTPRequestHandler):
    """Says what ``answer`` is; (size, size_vram) of each model that is loaded, or anything else."""

    answer: ClassVar[list[Any]] = []

    def do_GET(self) -> None:
        assert self.path == "/api/ps"
        loaded = [{"name": "q", "size": size, "size_vram": vram} for size, vram in self.answer]
        body = json.dumps({"models": loaded}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def ollama() -> Iterator[int]:
    server = HTTPServer(("127.0.0.1", 0), Ollama)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join(10)
    server.server_close()


def told(machine: Machine, **model: Any) -> dict[str, float]:
    page = Page()
    models.told(page, {**SPEC, "models": [{**MODEL, **model}]}, machine.root)
    return samples(page)


def marker(machine: Machine, name: str, *sizes: int) -> None:
    files = {f"{n}.safetensors": {"size": size, "checksum": "x"} for n, size in enumerate(sizes)}
    machine.put(f"/srv/models/{name}/.firstlight.json", json.dumps({"files": files}))


def test_what_a_copy_is(machine: Machine) -> None:
    marker(machine, "one", 5, 6)
    marker(machine, "two", 100)
    info = 'engine="vllm",image="i@sha256:1",model="tiny",replica="tiny.2",weights="hf://a/b@1"'
    assert told(machine) == {
        f"model_info{{{info}}}": 1,
        f"model_concurrency{LABELS}": 8,
        f"model_context_tokens{LABELS}": 4096,
        f"model_weights_bytes{LABELS}": 111,
        f"model_out_of_service{LABELS}": 0,
    }


def test_one_that_is_kept_out(machine: Machine) -> None:
    machine.put("/run/firstlight-engines/tiny.2-8001")
    assert told(machine)[f"model_out_of_service{LABELS}"] == 1


@pytest.mark.parametrize(("state", "out"), [("failed", 0), ("inactive", 1), ("activating", 1)])
def test_one_that_ended_too_often_is_not_kept_out_by_anybody(
    machine: Machine, state: str, out: int
) -> None:
    machine.put("/run/firstlight-engines/tiny.2-8001")
    unit = f"Id=firstlight-engine-tiny.2.service\nLoadState=loaded\nActiveState={state}"
    machine.stubs.add("systemctl", f"echo '{unit}'")
    assert told(machine)[f"model_out_of_service{LABELS}"] == out
    (call,) = machine.stubs.calls("systemctl")
    assert call.endswith(" firstlight-engine-tiny.2.service")


@pytest.mark.parametrize("text", ["", "[]", "{", '{"files": 3}'])
def test_weights_that_are_not_there_weigh_nothing(machine: Machine, text: str) -> None:
    marker(machine, "one", 5)
    machine.put("/srv/models/two/.firstlight.json", text)
    assert f"model_weights_bytes{LABELS}" not in told(machine)


def test_what_ollama_has_loaded(
    machine: Machine, ollama: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    probe = {"address": "127.0.0.1", "port": ollama}
    monkeypatch.setattr(Ollama, "answer", [(1000, 600)])
    found = told(machine, probe=probe)
    assert found[f"ollama_up{LABELS}"] == found[f"ollama_models_loaded{LABELS}"] == 1
    assert found[f"ollama_model_size_bytes{LABELS}"] == 1000
    assert found[f"ollama_model_vram_bytes{LABELS}"] == 600, "the rest is on the CPU"
    monkeypatch.setattr(Ollama, "answer", [])
    found = told(machine, probe=probe)
    assert found[f"ollama_models_loaded{LABELS}"] == found[f"ollama_model_vram_bytes{LABELS}"] == 0


def test_an_ollama_that_does_not_answer(machine: Machine, ollama: int) -> None:
    Ollama.answer = [(1, 2, 3)]  # it ends without an answer
    try:
        found = told(machine, probe={"address": "127.0.0.1", "port": ollama})
    finally:
        Ollama.answer = []
    assert found[f"ollama_up{LABELS}"] == 0
    assert f"ollama_model_size_bytes{LABELS}" not in found
    found = told(machine, probe={"address": "127.0.0.1", "port": 1})
    assert found[f"ollama_up{LABELS}"] == 0
