"""Between the edge and an engine: streams pass as they come, keys do not, a stop is said."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from firstlight.lab import ssh
from tests.lab.client import CHAT, Client, chat
from tests.lab.rack import TestRack
from tests.lab.standing import ADDRESS, GIVE, PORT, TAKE

FAKE = Path(__file__).with_name("fake_engine.py").read_text()
UNIT = "firstlight-engine-tiny"


@pytest.fixture
def client(deployed: TestRack) -> Client:
    return deployed.client("lab1")


@contextmanager
def stopped(rack: TestRack) -> Iterator[None]:
    """While this lasts, the engine of lab1 does not run."""
    rack.sh("lab1", f"systemctl stop {UNIT}; {TAKE}")
    try:
        yield
    finally:
        # Starts by hand count against the unit's limit like its own.
        rack.sh("lab1", f"{GIVE}; systemctl reset-failed {UNIT}; systemctl start {UNIT}")


@contextmanager
def fake_engine(rack: TestRack) -> Iterator[subprocess.Popen[str]]:
    """While this lasts, fake_engine.py answers in place of the engine; its output is the pipe."""
    words = ssh.command_line(
        rack.state, "lab1", ["timeout", "60", "python3", "-u", "-", ADDRESS, str(PORT)]
    )
    pipe = subprocess.PIPE
    # What is stopped is out of the edge, too: the fake one is let in by hand.
    letting_in = "rm /run/firstlight-engines/tiny-8000"
    with stopped(rack), subprocess.Popen(words, stdin=pipe, stdout=pipe, text=True) as engine:
        assert engine.stdin and engine.stdout
        engine.stdin.write(FAKE)
        engine.stdin.close()
        assert engine.stdout.readline() == "listening\n"
        rack.sh("lab1", letting_in)
        yield engine
        engine.wait(timeout=60)


def test_a_stream_arrives_piece_by_piece(client: Client) -> None:
    began = time.monotonic()
    moments = [time.monotonic() - began for _ in client.stream(1500)]
    assert len(moments) > 1400
    assert moments[0] < moments[-1] / 4


def test_a_stopped_engine_is_said_and_comes_back(deployed: TestRack, client: Client) -> None:
    with stopped(deployed):
        answer = client.ask(CHAT, chat(4))
        assert answer.status == 503 and answer.error["code"] == "model_unavailable"
        assert int(answer.headers["retry-after"]) > 0
        assert client.ask("/v1/models").status == 200
    assert client.answers()


def test_slow_events_are_not_held_back_and_the_key_stays_at_the_edge(
    deployed: TestRack, client: Client
) -> None:
    with fake_engine(deployed) as engine:
        began = time.monotonic()
        moments = [time.monotonic() - began for _ in client.stream(1)]
        output = engine.stdout.read() if engine.stdout else ""
    assert moments[0] < moments[-1] - 2.9  # of the 3.9 s that the engine takes at least
    assert moments[20] < moments[-1] - 1.0
    head = output.lower()
    assert "post /v1/chat/completions http/1.1" in head
    # What authorizes there is between the edge and its engines.
    assert head.count("authorization: bearer backend_") == head.count("authorization") == 1
    assert client.key.lower() not in head
    assert "x-firstlight-key: firstlight" in head
    assert "answered" in head


def test_a_client_that_hangs_up_ends_the_generation(deployed: TestRack, client: Client) -> None:
    with fake_engine(deployed) as engine:
        events = client.stream(1)
        assert next(events) == "0"
        events.close()  # type: ignore[attr-defined]
        output = engine.stdout.read() if engine.stdout else ""
    assert "hung up" in output and "answered" not in output
