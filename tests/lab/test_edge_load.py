"""Many at once: streams, reloads beneath them, and strangers who knock without a key."""

from __future__ import annotations

import subprocess
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
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
WAVES_SECONDS = 120  # begin no other wave of so many after this, however slow reloads are
KNOCKS, BESIDE, PORTION = 4000, 120, 20
CROSSED = 16  # curl's code for a stream that HTTP/2 ended before it was answered


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
    # The engine keeps to itself all but the first event of each until all of them are there.
    words = f"say {EVENTS} 250 {STREAMS}"
    bodies = [prompt(f"{http}-{number} {words}", True) for number in range(STREAMS)]
    engine.recount()
    found = Crowd(client, bodies, at_once=STREAMS, flags=(http,), seconds=120).ask()
    most = engine.counted()["most"]
    assert statuses(found) == {(200, 0): STREAMS}
    assert {each.version for each in found} == {"2" if http == "http2" else "1.1"}
    assert all(each.body.count(b"data: ") == EVENTS + 1 for each in found)
    assert all(each.body.endswith(b"data: [DONE]\n\n") for each in found)
    # None waited for another to end, and the first event of each came long before its last.
    assert most == STREAMS
    # From then on it takes 2.75 s: what opening them takes does not count.
    assert percentile([each.total - each.first for each in found], 0.05) > 1.1


def wave(name: str) -> list[Any]:
    """Requests for short streams, called ``name`` and a number."""
    return [prompt(f"{name}-{number} say 2 5", True) for number in range(EACH)]


def crossed(engine: Told, client: Client, name: str, found: list[Outcome]) -> list[Outcome]:
    """``found``, with what crossed a GOAWAY on its way asked again: no engine has seen that.

    RFC 9113, 6.8: a stream above the last one that the farewell names was not begun, and its
    client may send it again. curl does not always do so by itself.
    """
    kept = [each for each in found if (each.exit, each.body) != (CROSSED, b"")]
    seen = engine.seen()
    # Outcomes come as they end, and have no names: those unseen are as many as were lost.
    unseen = [n for n in range(EACH) if f"{name}-{n}" not in seen]
    assert len(unseen) == len(found) - len(kept) <= EACH // 50
    if unseen:
        warnings.warn(f"{len(unseen)} streams crossed a GOAWAY, and were asked again", stacklevel=1)
    again = [body for n, body in enumerate(wave(name)) if n in unseen]
    return kept + (Crowd(client, again, flags=("http2",)).ask() if again else [])


def test_reloads_fail_nobody(deployed: TestRack, engine: Told, client: Client) -> None:
    """New connections, those kept alive, and HTTP/2's many streams on one: all are answered."""
    kinds: dict[str, dict[str, Any]] = {
        "new": {"flags": ("http1.1",), "headers": ("Connection: close",), "at_once": 4},
        "kept": {"flags": ("http1.1",), "at_once": 4},
        "h2": {"flags": ("http2",), "at_once": 8},
    }
    stream = prompt("long say 300 50", True)
    before = deployed.sh(HOST, "pgrep -c -f 'nginx: worker process$'").out
    reloads, deadline = 0, time.monotonic() + WAVES_SECONDS

    def ask(kind: str) -> dict[str, list[Outcome]]:
        """What wave after wave came to, by its name, until there were reloads enough."""
        waves: dict[str, list[Outcome]] = {}
        while not waves or (reloads < RELOADS and time.monotonic() < deadline):
            name = f"{kind}{time.monotonic_ns()}"  # the engine knows those of another try
            waves[name] = Crowd(client, wave(name), **kinds[kind]).ask()
        return waves

    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(len(kinds)) as pool:
        long = Crowd(client, [stream]).begin(folder)
        asked = [pool.submit(ask, kind) for kind in kinds]
        while not all(each.done() for each in asked):
            deployed.sh(HOST, "systemctl reload nginx; sleep 0.2")
            reloads += 1
        waves = {name: found for each in asked for name, found in each.result().items()}
        (held,) = Crowd(client, [stream]).end(long, folder)
    print(f"{reloads} reloads, {len(waves)} waves")
    assert reloads >= RELOADS, "too few of them to show anything"
    for name in [each for each in waves if each.startswith("h2")]:
        waves[name] = crossed(engine, client, name, waves[name])
    assert {name: statuses(found) for name, found in waves.items()} == {
        name: {(200, 0): EACH} for name in waves
    }
    assert all(each.body.endswith(b"data: [DONE]\n\n") for got in waves.values() for each in got)
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
    quiet = paced(client, BESIDE)
    beside: list[Outcome] = []
    going = 0
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(1) as pool:
        knocks = Crowd(stranger, [prompt("flood say 1")] * KNOCKS, at_once=40, seconds=60)
        flood = knocks.begin(folder)
        assert flood.stdout is not None
        saying = pool.submit(flood.stdout.read)  # a full pipe would hold the flood up
        try:
            deadline = time.monotonic() + 20
            while not Path(folder, "40").exists():  # all of its first were answered
                assert time.monotonic() < deadline and flood.poll() is None
                time.sleep(0.02)
            while going < BESIDE and flood.poll() is None:
                beside += paced(client, PORTION)
                going = len(beside) if flood.poll() is None else going
        finally:
            flood.terminate()
            said = saying.result(30)
            flood.wait(30)
    whole = said[: said.rfind("\n") + 1].splitlines()  # the last line is cut where curl was
    refused = Counter(line.split()[-6] for line in whole)
    print(f"{dict(refused)} were refused, while {going} were asked")
    assert statuses(quiet) == {(200, 0): BESIDE} and statuses(beside) == {(200, 0): len(beside)}
    # It was a flood, while it lasted: nearly all of it was told to slow down, none got in.
    assert going >= BESIDE // 2 and sum(refused.values()) >= 200
    assert set(refused) <= {"401", "429", "000"}
    assert refused["429"] > 2 * refused["401"] > 0
    alone, among = (
        percentile([each.total for each in got], 0.95) for got in (quiet, beside[:going])
    )
    print(f"p95 {alone * 1000:.0f} ms alone, {among * 1000:.0f} ms beside the flood")
    # The flood's own client takes a core of two, which is not the edge's doing.
    assert among < 8 * alone + 0.25


def test_a_flood_of_one_key_is_that_keys_own_affair(deployed: TestRack, client: Client) -> None:
    greedy = replace(client, key=key_text(deployed.state, "slow"))
    bodies = [prompt(f"greedy{number} say 1") for number in range(300)]
    time.sleep(2)  # it may ask once in a second, and may have done so just before
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
