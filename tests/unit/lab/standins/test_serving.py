"""SGLang's, TGI's and Triton's stand-ins: not ready, ready, answering, counting, ending."""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.unit.lab.standins.program import (
    CHAT,
    Standin,
    checkpoint,
    free_port,
    repository,
    running,
)

# Tokens of an answer that goes on while something happens: a second and a half.
LONG = 150


@dataclass(frozen=True)
class Kind:
    """One engine: its words before the port, its health, the gauges that are 0 when it is idle."""

    module: str
    words: tuple[str, ...]
    port_flag: str
    health: str
    busy: tuple[str, ...]
    listens_while_ending: bool


KINDS = {
    "sglang": Kind(
        "sglang",
        ("--model-path", "WEIGHTS", "--served-model-name", "tiny", "--enable-metrics"),
        "--port",
        "/health",
        ("sglang:num_running_reqs", "sglang:num_queue_reqs"),
        True,
    ),
    "tgi": Kind(
        "tgi",
        ("--model-id", "WEIGHTS", "--hostname", "127.0.0.1"),
        "--port",
        "/health",
        ("tgi_batch_current_size", "tgi_queue_size"),
        False,
    ),
    "triton": Kind(
        "triton",
        ("openai", "--model-repository", "WEIGHTS", "--tokenizer", "WEIGHTS"),
        "--openai-port",
        "/health/ready",
        ("nv_inference_pending_request_count",),
        False,
    ),
}


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> Kind:
    return KINDS[request.param]


@pytest.fixture
def engine(kind: Kind, tmp_path: Path) -> Iterator[Standin]:
    port, make = free_port(), repository if kind.module == "triton" else checkpoint
    weights = make(tmp_path / "weights")
    words = [weights if word == "WEIGHTS" else word for word in kind.words]
    with running(kind.module, *words, kind.port_flag, str(port), port=port) as started:
        yield started


def test_it_is_not_ready_until_it_has_loaded(kind: Kind, engine: Standin) -> None:
    assert engine.await_status(kind.health, 503) <= {0}
    asked = {"model": "tiny", "messages": [{"role": "user", "content": "Hello"}]}
    assert engine.ask(CHAT, asked)[0] == 503
    assert engine.await_status(kind.health, 200) <= {503}


def test_it_answers_in_openais_shape_and_says_what_it_is(kind: Kind, engine: Standin) -> None:
    engine.await_status(kind.health, 200)
    (listed,) = engine.ask("/v1/models")[1]["data"]
    asked = {"messages": [{"role": "user", "content": "Hello"}], "max_tokens": 5}
    status, answer = engine.ask(CHAT, {**asked, "model": listed["id"]})
    assert status == 200 and answer["object"] == "chat.completion"
    (choice,) = answer["choices"]
    assert choice["message"]["content"].startswith(f"SIMULATED by {kind.module}")
    assert choice["finish_reason"] == "length" and answer["usage"]["completion_tokens"] == 5
    status, answer = engine.ask("/v1/completions", {"model": listed["id"], "prompt": "Hello"})
    assert status == 200 and "SIMULATED" in answer["choices"][0]["text"]
    engine.process.send_signal(signal.SIGTERM)
    assert "(SIMULATED)" in engine.log()


def test_a_stream_comes_token_by_token_and_ends_whole(kind: Kind, engine: Standin) -> None:
    engine.await_status(kind.health, 200)
    (listed,) = engine.ask("/v1/models")[1]["data"]
    events = [*engine.events(6, listed["id"])]
    assert events[-1] == "[DONE]" and '"finish_reason":"length"' in events[-2]
    deltas = [json.loads(event)["choices"][0]["delta"] for event in events[:-1]]
    assert sum(bool(delta.get("content")) for delta in deltas) == 6


def test_what_goes_on_is_counted_and_a_stop_waits_for_it(kind: Kind, engine: Standin) -> None:
    engine.await_status(kind.health, 200)
    assert sum(engine.gauges()[name] for name in kind.busy) == 0
    (listed,) = engine.ask("/v1/models")[1]["data"]
    stream, rest = engine.events(LONG, listed["id"]), list[str]()
    next(stream)
    assert sum(engine.gauges()[name] for name in kind.busy) == 1
    engine.process.send_signal(signal.SIGTERM)
    thread = threading.Thread(target=lambda: rest.extend(stream))
    thread.start()
    engine.await_status(kind.health, 503 if kind.listens_while_ending else 0)
    thread.join(timeout=20)
    assert rest[-1] == "[DONE]" and len(rest) > LONG
    assert engine.process.wait(timeout=10) == 0


def test_another_models_name_is_treated_as_the_engine_does(kind: Kind, engine: Standin) -> None:
    engine.await_status(kind.health, 200)
    asked = {"model": "other", "messages": [{"role": "user", "content": "Hello"}], "max_tokens": 1}
    wanted = {"sglang": 200, "tgi": 200, "triton": 400}[kind.module]  # the two have one model only
    assert engine.ask(CHAT, asked)[0] == wanted
