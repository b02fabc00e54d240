"""An edge alone before two hosts with engines: what one engine fails at, the other is asked once."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace

import pytest

from tests.lab import lab_keys, three
from tests.lab.client import CHAT, Client
from tests.lab.crowd import Crowd, Outcome
from tests.lab.rack import TestRack
from tests.lab.three import EDGE, ENGINES, asked, tagged
from tests.lab.told import Told, prompt, told

pytestmark = pytest.mark.timeout(3000)  # the first of them waits for three hosts


@pytest.fixture(scope="module")
def rack_of_three(deployed: TestRack) -> Iterator[TestRack]:
    with three.rack_of_three(deployed) as found:
        yield found


@pytest.fixture(scope="module")
def engines(rack_of_three: TestRack) -> Iterator[list[Told]]:
    with told(rack_of_three, *ENGINES) as found:
        yield found


@pytest.fixture(scope="module")
def client(rack_of_three: TestRack) -> Client:
    return three.at_edge(rack_of_three)


@pytest.fixture(scope="module")
def silent(client: Client, engines: list[Told]) -> Iterator[Callable[[], tuple[str, Outcome]]]:
    """A stream that has begun and says nothing for long; called, it is waited for.

    The name of the stream and what it came to. Called once more, that is another stream's.
    """
    with ThreadPoolExecutor(1) as pool:

        def begin() -> tuple[str, Future[list[Outcome]]]:
            name = tagged("silent")
            return name, pool.submit(Crowd(client, [prompt(f"{name} wait 12000", True)]).ask)

        begun = [begin()]

        def end() -> tuple[str, Outcome]:
            name, stream = begun.pop() if begun else begin()
            (found,) = stream.result(120)
            return name, found

        yield end


@pytest.mark.usefixtures("silent")  # it waits while other tests ask
def test_it_serves_from_both(rack_of_three: TestRack, client: Client, engines: list[Told]) -> None:
    assert [each["id"] for each in json.loads(client.ask("/v1/models").body)["data"]] == ["tiny"]
    both = tagged("both")
    bodies = [prompt(f"{both}-{number} say 10 50", True) for number in range(20)]
    found = Crowd(client, bodies, at_once=20).ask()
    assert {(each.status, each.exit) for each in found} == {(200, 0)}
    shares = [sum(name.startswith(both) for name in engine.seen()) for engine in engines]
    assert sum(shares) == 20 and min(shares) >= 5  # by open connections, not by turns
    open_ports = "ss -Htln | awk '{print $4}' | sed 's/.*://' | sort -un | grep -xE '443|8000'"
    assert rack_of_three.sh(EDGE, open_ports).out.split() == ["443"]


def test_what_fails_before_its_first_byte_is_tried_once_elsewhere(
    client: Client, engines: list[Told]
) -> None:
    for number in range(5):
        dropped = tagged(f"dropped{number}-")
        answer = client.ask(CHAT, prompt(f"{dropped} drop"))
        assert answer.status == 503 and answer.error["code"] == "model_unavailable"
        assert asked(engines, dropped) == [["came"], ["came"]]


def test_no_engine_is_asked_twice_for_what_it_refuses(client: Client, engines: list[Told]) -> None:
    refused = tagged("refused")
    assert client.ask(CHAT, prompt(f"{refused} refuse")).status == 503
    seen = asked(engines, refused)
    assert sorted(seen)[1] > [] and all(each in ([], ["came", "done"]) for each in seen)


def test_what_one_key_breaks_is_not_taken_from_others(client: Client, engines: list[Told]) -> None:
    """A request that every engine dies of does not put the engines out for everybody."""
    with ThreadPoolExecutor(2) as pool:
        breaking = pool.submit(
            lambda: Crowd(client, [prompt(f"b{n} drop") for n in range(40)], at_once=2).ask()
        )
        calm = [prompt(f"calm{number} say") for number in range(40)]
        found = Crowd(client, calm, at_once=2).ask()
        breaking.result(60)
    assert {each.status for each in found} == {200}


def test_a_stream_that_breaks_does_not_look_like_its_end(
    client: Client, engines: list[Told]
) -> None:
    for http in ("http1.1", "http2"):
        name = tagged(f"cut-{http}-")
        (cut,) = Crowd(client, [prompt(f"{name} cut 5 10", True)], flags=(http,)).ask()
        assert cut.exit != 0 and b"[DONE]" not in cut.body and b"data: " in cut.body
        # It had begun: nobody else is asked.
        assert sorted(asked(engines, name)) == [[], ["came"]]
        assert client.ask(CHAT, prompt(f"after-{http} say")).status == 200


def test_a_client_that_hangs_up_ends_the_generation_behind_two_edges(
    client: Client, engines: list[Told]
) -> None:
    name = tagged("hasty")
    hasty = Crowd(client, [prompt(f"{name} say 400 50", True)], seconds=3).ask()
    assert hasty[0].exit == 28  # curl's own time-out
    assert any(engine.becomes(name, "hung up", 1) for engine in engines)


def test_silence_is_borne(engines: list[Told], silent: Callable[[], tuple[str, Outcome]]) -> None:
    """Longer than what any time-out but that of reading is."""
    name, found = silent()
    assert (found.status, found.exit) == (200, 0) and found.total > 11.5
    assert found.body.endswith(b"data: [DONE]\n\n")
    assert sorted(asked(engines, name)) == [[], ["came", "done"]]


def test_an_engine_host_that_is_lost_is_not_noticed(
    rack_of_three: TestRack, client: Client, engines: list[Told]
) -> None:
    killing = "for i in 1 2 3 4 5; do pkill -KILL -x nginx; sleep 0.4; done"
    with ThreadPoolExecutor(1) as pool:
        lost = pool.submit(rack_of_three.sh, ENGINES[1], killing, check=False)
        asking = [prompt(f"lost{number} say") for number in range(60)]
        found = Crowd(client, asking, at_once=2).ask()
        lost.result(30)
    assert {(each.status, each.exit) for each in found} == {(200, 0)}
    rack_of_three.sh(ENGINES[1], "systemctl reset-failed nginx; systemctl start nginx", check=False)
    began = time.monotonic()
    back = tagged("back")
    while not any(name.startswith(back) for name in engines[1].seen()):
        client.ask(CHAT, prompt(f"{tagged(back)} say"))
        assert time.monotonic() - began < 15
    for engine in engines:
        rack_of_three.sh(engine.host, "systemctl reload nginx")
    reloaded = [prompt(f"reloaded{number} say") for number in range(30)]
    assert {each.status for each in Crowd(client, reloaded, at_once=3).ask()} == {200}


def test_nobody_comes_in_at_the_engines_gates(rack_of_three: TestRack) -> None:
    url = f"https://{rack_of_three.address(ENGINES[0])}:18000{CHAT}"
    for where in (EDGE, ENGINES[1]):
        found = rack_of_three.sh(
            where, f"curl -sk -m 5 -d '{{}}' -o /dev/null -w '%{{http_code}}' {url}; true"
        )
        assert found.out in ("400", "000")


def test_copies_that_are_out_use_up_no_tries(client: Client, engines: list[Told]) -> None:
    """Two of four: with nothing open they are asked first whenever their second is over."""
    three.tell_edge(three.ABSENT)
    waiting = [prompt(f"{tagged('open')} wait 20000", True) for _ in engines]
    with ThreadPoolExecutor(1) as pool:
        busy = pool.submit(Crowd(client, waiting).ask)
        dropped = tagged("dropped")
        assert client.ask(CHAT, prompt(f"{dropped} drop")).status == 503
        assert asked(engines, dropped) == [["came"], ["came"]]
        for number in range(5):
            time.sleep(1.5)
            assert client.ask(CHAT, prompt(f"{tagged(f'there{number}-')} say")).status == 200
        assert {each.status for each in busy.result(60)} == {200}


def test_a_canary_answers_its_share_of_the_keys_and_always_the_same(
    rack_of_three: TestRack, client: Client, engines: list[Told]
) -> None:
    """The last test of this file: from here on lab2 is asked for by some keys alone."""
    three.tell_edge(three.CANARY)

    def ask(name: str) -> int:
        key = name.partition("-")[0]
        found = replace(client, key=lab_keys.key_text(rack_of_three.state, key))
        return found.ask(CHAT, prompt(f"{name} say")).status

    tag = tagged("")
    words = [f"{key}-{turn}-{tag}" for turn in range(3) for key in three.KEYS]
    with ThreadPoolExecutor(4) as pool:
        assert {*pool.map(ask, words)} == {200}
    stable, canary = ({*words} & {*engine.seen()} for engine in engines)
    assert stable | canary == {*words} and not stable & canary
    keys = {each.partition("-")[0] for each in canary}
    assert canary == {each for each in words if each.partition("-")[0] in keys}
    # 18 of 60 are meant; four spreads on either side.
    assert 4 < len(keys) < 32
