"""Keys from the command line to the running edge: issued, limited, rotated, revoked in seconds."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from firstlight import keys
from tests.lab.client import CHAT, Client, chat
from tests.lab.rack import LAB, Run, TestRack, firstlight

HOST = "lab1"
INVENTORY = f"""
from firstlight.lab.inventory import lab_inventory
gpu = edge = [host for host in lab_inventory(name="{LAB}", engine="llamacpp") if host[0] == "{HOST}"]
"""
KEYS: dict[str, dict[str, Any]] = {
    "plain": {},
    "other": {"models": ("other",)},
    "rare": {"rps": 0.1, "burst": 2},
    "single": {"concurrency": 1},
    "turning": {},
    "ending": {},
    "leaver": {"klass": "gold"},
}
TWINS = ("left", "right")
# Who writes files there waits, as it may for another run: the keys were read before.
HELD = "systemd-run -q -u keys-held sh -c 'exec 9>/run/firstlight/writing; flock 9; sleep 55'"
WAITS = "timeout 50 sh -c \"until pgrep -f 'flock -w 60 [9]'; do sleep 0.2; done\""
OVERLAP = 45  # seconds: more than the next command needs until it has rendered the map


@dataclass(frozen=True)
class Edge:
    """The edge of lab1 with keys of its own, and the command that changes them."""

    client: Client
    inventory: Path
    issued: dict[str, str]

    def applied(self, verb: str, name: str, *options: str) -> Run:
        where = ("--site", LAB, "--apply", str(self.inventory))
        return firstlight("keys", verb, name, *options, *where)

    def of(self, name: str) -> Client:
        """A client with the key of ``name``."""
        return replace(self.client, key=self.issued[name])


@pytest.fixture(scope="module")
def edge(deployed: TestRack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edge]:
    """All keys of this file, issued and applied; gone afterwards, and the edge is as before."""
    folder = tmp_path_factory.mktemp("keys")
    (folder / "lab.py").write_text(INVENTORY)
    file = deployed.state.state_dir / "keys" / "api-keys.toml"
    edge = Edge(deployed.client(HOST), folder / "lab.py", {})
    before = deployed.sh(HOST, "readlink /etc/nginx/firstlight/current").out
    try:
        for name, values in KEYS.items():
            edge.issued[name] = keys.issue(file, name, **values).reveal()
        run = edge.applied("issue", "last")
        edge.issued["last"] = run.out.strip()
        yield edge
    finally:
        for name in {*KEYS, *TWINS, "last"} & {key.name for key in keys.load(file).keys}:
            keys.revoke(file, name)
        edge.applied("issue", "demo", "--once")
    assert deployed.sh(HOST, "readlink /etc/nginx/firstlight/current").out == before


def statuses(client: Client, count: int) -> list[int]:
    return [client.ask(CHAT, chat(1)).status for _ in range(count)]


def test_a_key_that_was_issued_and_applied_works_at_once(edge: Edge) -> None:
    assert re.fullmatch(r"fl_last_[A-Za-z0-9_-]{43}", edge.of("last").key)
    assert edge.of("last").ask(CHAT, chat(1)).status == 200


def test_a_key_for_other_models_finds_none_of_these(edge: Edge) -> None:
    answer = edge.of("other").ask(CHAT, chat(1))
    assert (answer.status, answer.error["code"]) == (404, "model_not_found")
    assert json.loads(edge.of("other").ask("/v1/models").body)["data"] == []
    assert json.loads(edge.of("plain").ask("/v1/models").body)["data"] != []


def test_over_its_rate_a_key_is_told_when_to_come_again(edge: Edge) -> None:
    rare = edge.of("rare")
    assert statuses(rare, 3) == [200, 200, 200]
    answer = rare.ask(CHAT, chat(1))
    assert answer.status == 429 and answer.headers["retry-after"] == "10"
    assert answer.error["type"] == "rate_limit_error"
    assert answer.error["code"] == "rate_limit_exceeded"
    assert statuses(edge.of("plain"), 10) == [200] * 10


def test_over_its_concurrency_a_key_waits_for_its_own_streams(edge: Edge) -> None:
    single = edge.of("single")
    stream = single.stream(500)
    assert next(stream)
    answer = single.ask(CHAT, chat(1))
    assert (answer.status, answer.error["code"]) == (429, "rate_limit_exceeded")
    assert answer.headers["retry-after"] == "1"
    assert edge.of("plain").ask(CHAT, chat(1)).status == 200
    assert [*stream][-1] == "[DONE]"
    deadline = time.monotonic() + 10
    while single.ask(CHAT, chat(1)).status == 429:
        assert time.monotonic() < deadline
        time.sleep(0.1)


def streams(client: Client, tokens: int) -> tuple[set[str], float]:
    """Stream without a pause until it is refused: how streams ended, and when the last did."""
    ends, ended, deadline = set(), 0.0, time.monotonic() + 200
    while time.monotonic() < deadline:
        try:
            ends.add([*client.stream(tokens)][-1])
            ended = time.monotonic()
        except AssertionError:
            break
    return ends, ended


def refused(client: Client) -> float:
    """Ask until the key is refused, and return when that was."""
    deadline = time.monotonic() + 200
    while client.ask(CHAT, chat(1)).status == 200:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return time.monotonic()


def test_revoked_in_the_middle_of_streams_and_rotated_with_an_overlap(
    edge: Edge, deployed: TestRack
) -> None:
    file = deployed.state.state_dir / "keys" / "api-keys.toml"
    new = {
        name: replace(edge.client, key=keys.rotate(file, name, overlap).reveal())
        for name, overlap in (("turning", 3600), ("ending", OVERLAP))
    }
    assert new["turning"].ask(CHAT, chat(1)).status == 401  # no edge knows it yet
    began = time.monotonic()
    leaver = edge.of("leaver")
    with ThreadPoolExecutor(3) as many:
        running = [many.submit(streams, leaver, tokens) for tokens in (1300, 1900)]
        first = many.submit(refused, leaver)
        edge.applied("revoke", "leaver")
        seen = [each.result(timeout=220) for each in running]
    # What had begun came to its end after other requests were refused already.
    assert all(ends == {"[DONE]"} for ends, _ in seen)
    assert max(ended for _, ended in seen) > first.result()
    assert leaver.ask(CHAT, chat(1)).status == 401
    for client in (edge.of("turning"), new["turning"], new["ending"]):
        assert client.ask(CHAT, chat(1)).status == 200
    time.sleep(max(0.0, began + OVERLAP + 1 - time.monotonic()))
    # The edge still has its digest, and says itself that its time is over.
    held = deployed.sh(HOST, "cat /etc/nginx/firstlight/current/keys.map").out
    assert held.count('"ending@') == held.count('"ending"') == 1 and "leaver" not in held
    assert edge.of("ending").ask(CHAT, chat(1)).status == 401
    assert new["ending"].ask(CHAT, chat(1)).status == 200


def test_runs_at_once_lose_no_key_and_bring_none_back(edge: Edge, deployed: TestRack) -> None:
    file = deployed.state.state_dir / "keys" / "api-keys.toml"
    with ThreadPoolExecutor(2) as many:
        runs = {name: many.submit(edge.applied, "issue", name) for name in TWINS}
        edge.issued.update({name: run.result().out.strip() for name, run in runs.items()})
        assert [statuses(edge.of(name), 1) for name in TWINS] == [[200], [200]]
        deployed.sh(HOST, HELD)
        run = many.submit(edge.applied, "revoke", TWINS[0])
        deployed.sh(HOST, WAITS)
        keys.revoke(file, TWINS[1])
        deployed.sh(HOST, "systemctl stop keys-held")
        assert "revoked" in run.result().text
    assert [statuses(edge.of(name), 1) for name in TWINS] == [[401], [401]]


def test_strangers_are_slowed_down_and_nobody_else(edge: Edge) -> None:
    def stranger(_: int) -> int:
        answer = edge.client.ask(CHAT, authorization=None, method="POST")
        assert answer.status != 429 or answer.headers["retry-after"] == "1"
        assert answer.error["code"] in ("invalid_api_key", "rate_limit_exceeded")
        return answer.status

    # The last test of this file: to be let in again a stranger has to wait for some seconds.
    with ThreadPoolExecutor(16) as many:
        seen = list(many.map(stranger, range(150)))
    assert set(seen) == {401, 429} and seen.count(401) < 120
    assert edge.of("plain").ask(CHAT, chat(1)).status == 200
