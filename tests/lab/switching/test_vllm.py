"""vLLM in the place of llama.cpp: closed, restarted, drained. Deployed as test_engines.py does."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator

import pytest

from firstlight.engines.vllm import ENGINE
from tests.lab.client import CHAT, chat
from tests.lab.knocking import KEY, reached, statuses
from tests.lab.rack import Run, TestRack
from tests.routes import recorded

UNIT = "firstlight-engine-tiny.service"
TOKENS = 2500  # 2.5 s of streaming on two idle cores, 15 s on two busy ones
# What the kernel does to the engine's own process when memory is short.
KILL = "docker top firstlight-tiny -eo pid,args | awk '/VLLM::Engine/ {print $1}' | xargs kill -9"
# A method and a path a line, out of what it logs at its start.
ROUTES = r"sed -n 's/.*Route: \([^,]*\), Methods: \(.*\)/\2 \1/p' | sort -u"


@pytest.fixture
def vllm(lab: TestRack, on_vllm: Run) -> TestRack:
    """The lab with vLLM on lab1."""
    return lab


@pytest.fixture
def started_again(vllm: TestRack) -> Iterator[None]:
    """What a test stops is running afterwards, as the others want it."""
    yield
    # Starts by hand count against the unit's limit like its own.
    vllm.sh("lab1", f"systemctl reset-failed {UNIT}; systemctl start {UNIT}", timeout=600)


def test_the_edge_hides_what_vllm_offers_beside_the_api(vllm: TestRack) -> None:
    client = vllm.client("lab1")
    for path in ("/health", "/metrics", "/version", "/docs", "/openapi.json", "/load", "/ping",
                 "/tokenize", "/invocations", "/v1/load_lora_adapter", "/pooling", "/score"):  # fmt: skip
        assert client.ask(path).status == client.ask(path, {}).status == 404, path
    answer = client.ask(
        "/v1/responses", {"model": "tiny", "input": "Hello", "max_output_tokens": 16}
    )
    assert answer.status == 200, answer.body
    assert json.loads(answer.body)["object"] == "response"


def test_clients_reach_nothing_but_what_is_on_the_list(vllm: TestRack) -> None:
    """Every route that the running engine itself says it has."""
    routes = vllm.sh("lab1", f"journalctl -q -o cat --no-pager -u {UNIT} | {ROUTES}").out
    said = {(method, path) for method, path in (line.split() for line in routes.splitlines())}
    assert said == recorded("vllm"), "another vLLM has other routes: look at them, record them"
    reached(vllm, "lab1", {path for _, path in said}, ENGINE.paths)


def test_the_engine_answers_its_own_edge_alone(vllm: TestRack) -> None:
    routes = [("POST", path) for path in ENGINE.paths if path != "/v1/embeddings"]
    for key in ("", "backend_" + "x" * 43):
        assert set(statuses(vllm, "lab1", routes, key)) == {401}
    assert 401 not in statuses(vllm, "lab1", routes, f"$(cat {KEY})")
    # In its log all arguments stand, without this one.
    said = vllm.sh(
        "lab1", f"journalctl -q -o cat --no-pager -u {UNIT} | grep -o \"'api_key': '[^']*'\""
    ).out
    assert set(said.split()) == {"'api_key':", "'***'"}


def test_a_crash_that_exits_0_is_mended_by_systemd(vllm: TestRack) -> None:
    invocation, before = shown(vllm, "InvocationID"), int(shown(vllm, "NRestarts"))
    vllm.sh("lab1", KILL)
    wait(vllm, "NRestarts", str(before + 1), 60)
    look = f"journalctl --sync; journalctl -q -o cat --no-pager INVOCATION_ID={invocation}"
    words = vllm.sh("lab1", look).out
    assert "Scheduled restart job" in words and "Main process exited" not in words  # it was 0
    assert vllm.client("lab1").answers(120)


@pytest.mark.usefixtures("started_again")
def test_a_stop_lets_open_streams_end(vllm: TestRack) -> None:
    client, rest = vllm.client("lab1"), list[str]()
    stream = client.stream(TOKENS)
    assert json.loads(next(stream))["choices"]
    thread = threading.Thread(target=lambda: rest.extend(stream))
    vllm.sh("lab1", f"systemctl stop --no-block {UNIT}")
    wait(vllm, "ActiveState", "deactivating", 5)
    thread.start()
    thread.join(timeout=120)
    # A busy engine puts several tokens into one event: that it came to its length says it all.
    assert rest[-1] == "[DONE]" and len(rest) > 5, rest[-3:]
    assert any('"finish_reason":"length"' in event for event in rest[-3:])
    wait(vllm, "ActiveState", "inactive", 60)
    assert client.ask(CHAT, chat(4)).status == 503


def shown(rack: TestRack, name: str) -> str:
    return rack.sh("lab1", f"systemctl show -P {name} {UNIT}").out.strip()


def wait(rack: TestRack, name: str, value: str, seconds: float) -> None:
    """Wait until systemd's property ``name`` of the engine's unit has ``value``."""
    deadline = time.monotonic() + seconds
    while (now := shown(rack, name)) != value:
        assert time.monotonic() < deadline, f"{name} is {now}, not {value} after {seconds} s"
        time.sleep(0.3)
