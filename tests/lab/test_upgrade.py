"""One GPU, one upgrade: prepared while the old serves, short, and taken back if it fails."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from operator import itemgetter
from typing import Any

import pytest

from tests.lab.client import CHAT, chat
from tests.lab.own_time import own_seconds
from tests.lab.rack import TestRack
from tests.lab.refused import explained
from tests.lab.watcher import Watcher

HOST = "lab1"
TOKENS = 4000
IMAGE = "docker inspect -f '{{.Config.Image}}' firstlight-tiny"
# Until its stop has begun: with this file the edge lets nobody in.
STOP = """
systemctl stop --no-block firstlight-engine-tiny
for _ in $(seq 300); do [ ! -e /run/firstlight-engines/tiny-8000 ] || exit 0; sleep 0.1; done; exit 1
"""


@pytest.fixture(scope="module")
def other(deployed: TestRack) -> Iterator[dict[str, Any]]:
    """Images by name: what runs now, another that works, and two that do not."""
    first = deployed.model()["image"]
    yield {"first": first, **deployed.state.extras["variants"]["llamacpp"]}
    deployed.sh(HOST, "systemctl reset-failed")
    deployed.changes(HOST)
    assert deployed.client(HOST).answers()


def data(rack: TestRack, image: str, **change: Any) -> dict[str, Any]:
    """The host's settings with another image, and time for a long stream."""
    return {"models": [rack.model(image=image, context=16384, drain_timeout=300, **change)]}


@pytest.fixture(scope="module")
def good(deployed: TestRack, other: dict[str, Any]) -> dict[str, Any]:
    """Settings that serve, for what is taken back to them: which each test sees at its end."""
    settings = data(deployed, other["next"])
    deployed.changes(HOST, data=settings)
    return settings


def test_an_upgrade_is_short_and_cuts_nobody_off(deployed: TestRack, other: dict[str, Any]) -> None:
    client = deployed.client(HOST)
    before, after = data(deployed, other["first"]), data(deployed, other["next"])
    deployed.changes(HOST, data=before)
    events: list[str] = []
    stream = client.stream(TOKENS)
    events.append(next(stream))
    reader = threading.Thread(target=lambda: events.extend(stream))
    reader.start()
    with Watcher(client) as watcher:
        _, totals = deployed.changes(HOST, data=after)
        deadline = time.monotonic() + 10
        while watcher.seen[-1][2].status != 200 and time.monotonic() < deadline:
            time.sleep(0.1)
    reader.join(300)
    assert totals["error"] == 0 and totals["success"] >= 2  # the image, the engine
    assert deployed.sh(HOST, IMAGE).out.strip() == other["next"]
    assert events[-1] == "[DONE]" and len(events) > TOKENS / 2
    # Nobody saw anything but an answer, or an honest refusal.
    assert watcher.statuses == {200, 503}
    for answer in watcher.refused:
        assert answer.error["code"] == "model_unavailable"
        assert int(answer.headers["retry-after"]) > 0


def test_the_outage_is_the_engines_own_and_two_seconds(
    deployed: TestRack, other: dict[str, Any]
) -> None:
    found = []
    for image in (other["first"], other["next"]) * 4:  # a busy machine may spoil some of them
        settings = data(deployed, image)
        with Watcher(deployed.client(HOST)) as watcher:
            deployed.changes(HOST, data=settings)
            time.sleep(0.5)
        own = own_seconds(deployed, settings)
        found.append((watcher.outage(), own))
        if 0 < watcher.outage() <= own + 2:
            break
    print(f"outage and the engine's own stop and start: {found}")
    assert any(0 < outage <= own + 2 for outage, own in found), found


@pytest.mark.parametrize("bad", [("broken", "SIMULATED", 60), ("mute", "", 8)], ids=itemgetter(0))
def test_a_version_that_does_not_answer_is_taken_back(
    deployed: TestRack, other: dict[str, Any], good: dict[str, Any], bad: tuple[str, str, int]
) -> None:
    image, words, timeout = bad
    run = deployed.deploy(HOST, data=data(deployed, other[image], start_timeout=timeout))
    explained(run, "the engine of tiny does not answer", "last words of", words)
    assert "returned to the version before: it answers again" in run.text
    # Without anybody's help, and the next good run finds nothing to mend.
    assert deployed.sh(HOST, IMAGE).out.strip() == other["next"]
    assert deployed.client(HOST).answers(1)
    again, totals = deployed.changes(HOST, data=good)
    assert totals["success"] == totals["error"] == 0, again.text


def test_what_is_missing_is_fetched_while_the_old_one_serves(
    deployed: TestRack, other: dict[str, Any]
) -> None:
    image = other["first"].partition("@")[0] + "@sha256:" + "0" * 64
    with Watcher(deployed.client(HOST)) as watcher:
        run = deployed.deploy(HOST, data=data(deployed, image))
    explained(run, "the image is not in the registry")
    assert watcher.statuses == {200}


def test_a_signal_to_the_unit_lets_a_stream_end(deployed: TestRack, other: dict[str, Any]) -> None:
    deployed.changes(HOST, data=data(deployed, other["first"]))
    stream = deployed.client(HOST).stream(TOKENS)
    events = [next(stream)]
    deployed.sh(HOST, STOP)
    # New ones are refused at once, the open one goes on to its end.
    assert deployed.client(HOST).ask(CHAT, chat(1)).status == 503
    events += [*stream]
    assert events[-1] == "[DONE]" and len(events) > TOKENS / 2
    deployed.sh(HOST, "systemctl reset-failed firstlight-engine-tiny; "
                "systemctl start firstlight-engine-tiny")  # fmt: skip
    assert deployed.client(HOST).answers()
