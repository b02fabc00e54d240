"""Many at once: streams, reloads beneath them, and strangers who knock without a key."""

from __future__ import annotations

import subprocess
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.lab.client import Client
from tests.lab.crowd import Crowd, Outcome, percentile
from tests.lab.lab_keys import key_text
from tests.lab.rack import TestRack
from tests.lab.told import Told, prompt, told

HOST = "lab1"
STREAMS, EVENTS = 200, 12
EACH, RELOADS = 670, 8


@pytest.fixture(scope="module")
def engine(deployed: TestRack) -> Iterator[Told]:
    with told(deployed, HOST) as (found,):
        yield found


@pytest.fixture(scope="module")
def client(deployed: TestRack, engine: Told) -> Client:
    return replace(deployed.client(HOST), key=key_text(deployed.state, "crowd"))


def statuses(outcomes: list[Outcome]) -> Counter[tuple[int, int]]:
    """How many ended with which status and which exit code of curl's."""
    return Counter((each.status, each.exit) for each in outcomes)


@pytest.mark.parametrize("http", ["http1.1", "http2"])
def test_two_hundred_streams_at_once(engine: Told, client: Client, http: str) -> None:
    bodies = [prompt(f"{http}-{number} say {EVENTS} 250", True) for number in range(STREAMS)]
    found = Crowd(client, bodies, at_once=STREAMS, flags=(http,)).ask()
    most = engine.counted()["most"]
    assert statuses(found) == {(200, 0): STREAMS}
    assert {each.version for each in found} == {"2" if http == "http2" else "1.1"}
    assert all(each.body.count(b"data: ") == EVENTS + 1 for each in found)
    assert all(each.body.endswith(b"data: [DONE]\n\n") for each in found)
    # None waited for another to end, and the first event of each came long before its last.
    assert most == STREAMS
    assert percentile([each.first / each.total for each in found], 0.95) < 0.7


def test_reloads_fail_nobody(deployed: TestRack, client: Client) -> None:
    """New connections, those kept alive, and HTTP/2's many streams on one: all are answered."""
    kinds: dict[str, dict[str, Any]] = {
        "new": {"flags": ("http1.1",), "headers": ("Connection: close",), "at_once": 4},
        "kept": {"flags": ("http1.1",), "at_once": 4},
        "h2": {"flags": ("http2",), "at_once": 8},
    }
    stream = prompt("long say 300 50", True)
    before = deployed.sh(HOST, "pgrep -c -f 'nginx: worker process$'").out
    with tempfile.TemporaryDirectory() as folder:
        long = Crowd(client, [stream]).begin(folder)
        crowds: dict[str, list[Outcome]] = {}

        def ask(kind: str) -> None:
            bodies = [prompt(f"{kind}{number} say 2 5", True) for number in range(EACH)]
            crowds[kind] = Crowd(client, bodies, **kinds[kind]).ask()

        threads = [threading.Thread(target=ask, args=(kind,)) for kind in kinds]
        for thread in threads:
            thread.start()
        reloads = 0
        while any(thread.is_alive() for thread in threads):
            deployed.sh(HOST, "systemctl reload nginx; sleep 0.2")
            reloads += 1
        for thread in threads:
            thread.join(60)
        (held,) = Crowd(client, [stream]).end(long, folder)
    print(f"{reloads} reloads")
    assert reloads >= RELOADS, "too few of them to show anything"
    assert {kind: statuses(found) for kind, found in crowds.items()} == {
        kind: {(200, 0): EACH} for kind in kinds
    }
    assert all(each.body.endswith(b"data: [DONE]\n\n") for got in crowds.values() for each in got)
    assert (held.status, held.exit, held.body.count(b"data: ")) == (200, 0, 301)
    deadline = time.monotonic() + 10
    while deployed.sh(HOST, "pgrep -c -f 'nginx: worker process$'").out != before:
        assert time.monotonic() < deadline
        time.sleep(0.2)


def paced(client: Client, count: int) -> list[Outcome]:
    """One request after the other, each on a connection of its own, as a stranger to the pool."""
    bodies = [prompt(f"quiet{number} say 1") for number in range(count)]
    return Crowd(client, bodies, at_once=1, headers=("Connection: close",)).ask()


def test_a_flood_without_a_key_does_not_starve_those_who_have_one(client: Client) -> None:
    stranger = replace(client, key="")
    quiet = paced(client, 120)
    with tempfile.TemporaryDirectory() as folder:
        knocks = Crowd(stranger, [prompt("flood say 1")] * 4000, at_once=40, seconds=30)
        flood = knocks.begin(folder)
        try:
            deadline = time.monotonic() + 20
            while not Path(folder, "40").exists():  # all of its first were answered
                assert time.monotonic() < deadline and flood.poll() is None
                time.sleep(0.02)
            beside = paced(client, 120)
            going = flood.poll() is None
        finally:
            flood.terminate()
            assert flood.stdout is not None
            said = flood.stdout.read()
            flood.wait(30)
    whole = said[: said.rfind("\n") + 1].splitlines()  # the last line is cut where curl was
    refused = Counter(line.split()[-6] for line in whole)
    print(f"{dict(refused)} were refused, still going {going}")
    assert statuses(quiet) == statuses(beside) == {(200, 0): 120}
    # It was a flood, while it lasted: nearly all of it was told to slow down, none got in.
    assert going and sum(refused.values()) >= 200
    assert set(refused) <= {"401", "429", "000"}
    assert refused["429"] > 2 * refused["401"] > 0
    alone, among = (percentile([each.total for each in got], 0.95) for got in (quiet, beside))
    print(f"p95 {alone * 1000:.0f} ms alone, {among * 1000:.0f} ms beside the flood")
    # The flood's own client takes a core of two, which is not the edge's doing.
    assert among < 8 * alone + 0.25


def test_a_flood_of_one_key_is_that_keys_own_affair(deployed: TestRack, client: Client) -> None:
    greedy = replace(client, key=key_text(deployed.state, "slow"))
    bodies = [prompt(f"greedy{number} say 1") for number in range(300)]
    greedily = statuses(Crowd(greedy, bodies, at_once=20, flags=("http2",)).ask())
    patient = paced(client, 20)
    assert set(greedily) == {(200, 0), (429, 0)} and greedily[(200, 0)] < 30
    assert statuses(patient) == {(200, 0): 20}


def test_both_versions_of_http_are_spoken(client: Client) -> None:
    """Also without a word before: by ALPN, as a browser finds out."""
    words = ["curl", "-q", "-sS", "--max-time", "10", "--cacert", str(client.ca)]
    words += ["--resolve", f"{client.domain}:443:{client.address}", "-o", "/dev/null"]
    words += ["-w", "%{http_version}", f"https://{client.domain}/v1/models"]
    for flag, version in (("--http1.1", "1.1"), ("--http2", "2"), ("--no-alpn", "1.1")):
        done = subprocess.run(
            [*words, flag], capture_output=True, text=True, timeout=20, check=False
        )
        assert done.stdout == version, done.stderr
