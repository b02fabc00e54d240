"""Several engines on one host: two models, replicas of one, and one of them killed at work."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from firstlight.engines.llamacpp import PORT
from firstlight.engines.network import EngineNetwork
from tests.lab.client import CHAT, chat
from tests.lab.rack import TestRack
from tests.lab.watcher import Watcher

HOST = "lab1"
# While it waits for its next start it is out already: the edge asks nobody who is not there.
KILL = """
kill -9 $(docker inspect -f '{{.State.Pid}}' firstlight-tiny)
for _ in $(seq 300); do
  [ "$(systemctl show -P SubState firstlight-engine-tiny)" != auto-restart ] || break; sleep 0.1
done
[ -e /run/firstlight-engines/tiny-8000 ]
"""
RUNNING = "docker ps --format '{{.Names}} {{.ID}}' | sort"


@pytest.fixture(scope="module")
def several(deployed: TestRack) -> Iterator[TestRack]:
    """The lab with two models on lab1, the first of them twice; with one model afterwards."""
    run, totals = deployed.changes(HOST, data=settings(deployed))
    assert totals["error"] == 0, run.text
    yield deployed
    deployed.sh(HOST, "systemctl reset-failed")
    deployed.changes(HOST)
    left = deployed.sh(HOST, "docker ps -a --format '{{.Names}}'; ls /etc/firstlight/engines").out
    assert left.split() == ["firstlight-tiny", "tiny"]


def settings(rack: TestRack, **change: Any) -> dict[str, Any]:
    return {
        "models": [
            rack.model(replicas=2, context=16384, drain_timeout=60, **change),
            rack.model(name="second", port=8100),
        ]
    }


def containers(rack: TestRack) -> dict[str, str]:
    lines = rack.sh(HOST, RUNNING).out.splitlines()
    return dict(line.split() for line in lines)  # type: ignore[misc]


def test_each_has_a_unit_and_a_network_of_its_own(several: TestRack) -> None:
    assert list(containers(several)) == [
        "firstlight-second",
        "firstlight-tiny",
        "firstlight-tiny.2",
    ]
    networks = several.sh(HOST, "docker network ls --format '{{.Name}}'").out.split()
    assert sorted(name for name in networks if name.startswith("fl-")) == [
        "fl-8000",
        "fl-8001",
        "fl-8100",
    ]


def test_each_model_answers_under_its_own_name(several: TestRack) -> None:
    client = several.client(HOST)
    listed = client.ask("/v1/models")
    assert [name in listed.body.decode() for name in ('"tiny"', '"second"')] == [True, True]
    for model in ("tiny", "second"):
        body = {**chat(2), "model": model}
        answer = client.ask(f"/models/{model}{CHAT}", body)
        assert answer.status == 200 and f'"model":"{model}"' in answer.body.decode()


def test_a_second_run_has_nothing_to_do(several: TestRack) -> None:
    run, totals = several.changes(HOST, data=settings(several))
    assert totals["success"] == totals["error"] == 0, run.text


def test_both_replicas_are_asked(several: TestRack) -> None:
    client = several.client(HOST)
    streams = [client.stream(12000) for _ in range(4)]  # seconds, also on a fast machine
    for stream in streams:
        next(stream)
    places = " ".join(f"{EngineNetwork(port).container}:{PORT}" for port in (8000, 8001))
    busy = several.sh(
        HOST,
        f"key=$(head -n 1 /etc/firstlight/secrets/engine-key); for p in {places}; do "
        'echo "Authorization: Bearer $key" | curl -s -H @- http://$p/metrics | '
        "awk '/^llamacpp:requests_processing/ {print $2}'; done",
    ).out.split()
    for stream in streams:
        stream.close()  # type: ignore[attr-defined]
    assert [float(count) > 0 for count in busy] == [True, True]


def test_replicas_are_replaced_without_a_refusal(several: TestRack) -> None:
    before = containers(several)
    image = several.state.extras["variants"]["llamacpp"]["next"]
    with Watcher(several.client(HOST)) as watcher:
        run, totals = several.changes(HOST, data=settings(several, image=image))
        assert totals["error"] == 0, run.text
    assert watcher.statuses == {200}
    after = containers(several)
    assert before["firstlight-second"] == after["firstlight-second"]
    for name in ("firstlight-tiny", "firstlight-tiny.2"):
        assert before[name] != after[name]
    several.changes(HOST, data=settings(several))


def test_one_that_is_killed_at_work_comes_back_once(several: TestRack) -> None:
    restarts = "systemctl show -P NRestarts firstlight-engine-tiny"
    state = "systemctl show -P ActiveState firstlight-engine-tiny"
    several.sh(HOST, "systemctl reset-failed firstlight-engine-tiny")
    first = int(several.sh(HOST, restarts).out)
    with Watcher(several.client(HOST)) as watcher:
        stream = several.client(HOST).stream(4000)
        next(stream)
        several.sh(HOST, KILL)
        deadline = time.monotonic() + 120
        up = [str(first + 1), "active"]
        while (now := several.sh(HOST, f"{restarts}; {state}").out.split()) != up:
            assert time.monotonic() < deadline, now
            time.sleep(0.3)
        stream.close()  # type: ignore[attr-defined]
        time.sleep(10)  # longer than the delay before another start, and until it has settled
    # The other replica answered meanwhile, and the start was one.
    assert watcher.statuses == {200}
    assert int(several.sh(HOST, restarts).out) - first == 1
    assert several.sh(HOST, "systemctl is-active firstlight-engine-tiny").out.strip() == "active"


def test_models_that_trade_places_do_not_meet(several: TestRack) -> None:
    # One is put before the other: the default ports move on, and the first is taken at once.
    moved = {"models": [several.model(name="second", port=8000), several.model(port=8100)]}
    run, totals = several.changes(HOST, data=moved)
    assert totals["error"] == 0, run.text
    assert list(containers(several)) == ["firstlight-second", "firstlight-tiny"]
    for model in ("tiny", "second"):
        answer = several.client(HOST).ask(f"/models/{model}{CHAT}", {**chat(2), "model": model})
        assert answer.status == 200
    # Until the edge has its next release it asks nobody at a port that is another's by now.
    out = several.sh(HOST, "ls /run/firstlight-engines").out.split()
    assert sorted(out) == ["second-8100", "tiny-8000", "tiny.2-8001"]
    # The replica that is gone took its network along.
    networks = several.sh(HOST, "docker network ls --format '{{.Name}}'").out.split()
    assert [name for name in networks if name.startswith("fl-")] == ["fl-8000", "fl-8100"]
