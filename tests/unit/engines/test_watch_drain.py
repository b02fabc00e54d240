"""What takes an engine out of service: nothing new comes in, what is open may end."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from firstlight.engines import watch
from tests.stubs import Stubs
from tests.unit.engines.answers import Engine

PAGE = """# TYPE vllm:num_requests_running gauge
vllm:num_requests_running{engine="0",model_name="a"} 2.0
vllm:num_requests_running{engine="1",model_name="a"} 1.0
vllm:num_requests_running_total 9
llamacpp:requests_processing 4
"""


def test_gauges_add_up_by_their_whole_name() -> None:
    assert watch.gauges(PAGE, ["vllm:num_requests_running"]) == 3
    assert watch.gauges(PAGE, ["llamacpp:requests_processing", "missing"]) == 4
    assert watch.gauges(PAGE, ["num_requests_running"]) == 0


def stop(spec: dict[str, Any], stubs: Stubs, path: Path) -> float:
    path.write_text(json.dumps(spec))
    stubs.add("docker")
    began = time.monotonic()
    words = [sys.executable, "-I", watch.__file__, "drain", str(path)]
    done = subprocess.run(
        words, env=stubs.env, capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 0, done.stderr
    return time.monotonic() - began


def test_a_stop_waits_for_open_answers(
    engine: Engine, spec: dict[str, Any], stubs: Stubs, tmp_path: Path
) -> None:
    busy, idle = (200, b"running 1\nwaiting 0\n"), (200, b"running 0\nwaiting 0\n")
    engine.answers["/metrics"] = [busy, idle, busy, idle, idle]
    stop({**spec, "drain_seconds": 20}, stubs, tmp_path / "spec.json")
    assert engine.answers["/metrics"] == []  # one quiet look is not enough
    assert Path(spec["out"]).exists()
    (call,) = stubs.calls("docker")
    assert call.startswith("docker stop -t ") and call.endswith(" firstlight-tiny")
    assert int(call.split()[3]) >= spec["end_seconds"]


def test_a_stop_does_not_wait_for_ever(
    engine: Engine, spec: dict[str, Any], stubs: Stubs, tmp_path: Path
) -> None:
    engine.answers["/metrics"] = (200, b"running 1\n")
    took = stop(spec, stubs, tmp_path / "spec.json")
    assert 2 <= took < 20
    assert stubs.calls("docker") == ["docker stop -t 10 firstlight-tiny"]


def test_an_engine_that_is_gone_is_not_waited_for(
    spec: dict[str, Any], stubs: Stubs, tmp_path: Path
) -> None:
    gone = {**spec, "base": "http://127.0.0.1:9", "drain_seconds": 60}
    assert stop(gone, stubs, tmp_path / "spec.json") < 10


def test_without_gauges_connections_are_counted(engine: Engine, spec: dict[str, Any]) -> None:
    spec["busy"] = None
    assert not watch.busy(spec)
    with socket.create_connection(("127.0.0.1", spec["port"])):
        assert watch.busy(spec)


def test_the_same_port_of_another_machine_is_not_counted(
    spec: dict[str, Any], stubs: Stubs, monkeypatch: pytest.MonkeyPatch
) -> None:
    stubs.add("ss")
    monkeypatch.setenv("PATH", stubs.env["PATH"])
    watch.connections("198.18.125.2", 8080)
    assert "198.18.125.2:8080" in stubs.calls("ss")[0]
