"""Several runs at one edge: what a key may do is decided last, and nobody's release gets lost."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from firstlight.edge.fresh import FreshRelease
from firstlight.edge.release import Release
from firstlight.errors import FirstlightError
from firstlight.facts.edge import Edge, EdgeState
from firstlight.operations.edge import ROUNDS, released
from tests.operations.edge_host import EdgeHost, dark, steps
from tests.operations.play import commands, converged
from tests.stubs import Stubs

pytestmark = pytest.mark.skipif(os.getuid() != 0, reason="needs root")
OTHERS = "another run's release is current"


class Keys:
    """The API keys on the control machine, and the release that is made of them."""

    def __init__(self, *names: str) -> None:
        self.names = {*names}

    def made(self) -> Release:
        text = ",".join(sorted(self.names))
        return Release(f"keys-{text}", {"nginx.conf": "events {}\n", "keys.map": text})

    def planned(self) -> FreshRelease:
        """What a run is given that is planned now."""
        return FreshRelease(self.made)


@pytest.fixture
def edge(tmp_path: Path, stubs: Stubs) -> EdgeHost:
    return EdgeHost(tmp_path, stubs)


def test_a_key_that_was_revoked_meanwhile_does_not_come_back_with_a_long_run(
    edge: EdgeHost,
) -> None:
    keys = Keys("alice", "bob")
    assert edge.deploy(keys.planned()).returncode == 0
    long_run = keys.planned()  # it pulls images now, for twenty minutes
    keys.names.remove("alice")
    keys.names.add("carol")
    assert edge.deploy(keys.planned()).returncode == 0
    assert list(steps({EdgeState: edge.state()}, release=long_run)) == []
    assert edge.serving() == long_run.last.name == "keys-bob,carol"


def test_a_plan_of_no_change_is_one_and_its_run_still_looks_again() -> None:
    keys = Keys("alice", "bob")
    run = keys.planned()
    facts = {EdgeState: lambda folder, **_: serving(folder, "keys-alice,bob")}
    assert converged(released, facts, release=run)
    keys.names.remove("alice")
    found, _ = commands(released, facts, executing=True, release=run)
    assert len(found) == 3 and run.last.name == "keys-bob"
    assert all("alice" not in command.get_raw_value() for command in found)


def serving(folder: str, name: str) -> Edge:
    return Edge(name, name, written=folder.endswith(f"/{name}"), active=True, enabled=True)


def test_who_reads_first_and_switches_last_drops_nobodys_key(edge: EdgeHost) -> None:
    """Two ``keys issue --apply`` at once, the one in the middle of the other."""
    keys = Keys("alice")

    def another() -> None:
        keys.names.add("bob")
        assert edge.deploy(keys.planned()).returncode == 0

    first = keys.planned()
    assert edge.deploy(first, between=another).returncode == 0
    assert edge.serving() == first.last.name == "keys-alice,bob"


def test_keys_that_change_without_an_end_do_not_hold_a_run_for_ever(edge: EdgeHost) -> None:
    count = iter(range(100))
    run = FreshRelease(lambda: Keys(f"n{next(count)}").made())
    done = edge.deploy(run)
    assert done.returncode != 0 and f"changed {ROUNDS} times" in done.stderr
    assert edge.serving() == run.last.name


def test_keys_that_cannot_be_read_any_more_end_the_run_on_that_host_alone(edge: EdgeHost) -> None:
    edge.deploy("one")

    def made() -> Iterator[Release]:
        yield Release("planned", {"nginx.conf": ""})
        raise FirstlightError("the API key file is malformed", where="keys, line 3")

    answers = made()
    done = edge.deploy(FreshRelease(lambda: next(answers)))
    assert done.returncode != 0 and "keys, line 3: the API key file is malformed" in done.stderr
    assert edge.serving() == "one"


def test_two_switches_at_once_happen_one_after_the_other(edge: EdgeHost) -> None:
    edge.deploy("one")
    edge.reloads(after="sleep 0.4", then="sleep 0.4")
    switches = [edge.to_switch("two"), edge.to_switch("three")]
    with ThreadPoolExecutor(2) as many:
        done = [*many.map(edge.run, switches)]
    assert [each.returncode for each in done] == [0, 0], done
    assert edge.serving() in ("two", "three")
    # Nothing was taken back on the way.
    assert edge.stubs.calls("systemctl").count("systemctl reload nginx.service") == 2


def test_a_lock_that_is_held_for_ever_leaves_nginx_as_it_is(edge: EdgeHost) -> None:
    edge.deploy("one")
    switch = edge.to_switch("two")
    edge.stubs.add("flock", "exit 1")
    done = edge.run(switch)
    assert done.returncode != 0
    assert "nginx was left as it is" in done.stderr and "fix:" in done.stderr
    assert edge.serving() == "one"


def test_a_switch_leaves_what_somebody_else_made_current_meanwhile(edge: EdgeHost) -> None:
    """By hand, or by a version of ours that knows no lock."""
    edge.deploy("else")
    edge.deploy("one")
    edge.reloads(after=f"ln -sfn {edge.base}/releases/else {edge.current}")
    done = edge.deploy("two")
    assert done.returncode != 0
    assert "what is current was left" in done.stderr and "fix:" in done.stderr
    assert f"{edge.current} is {edge.base}/releases/else" in done.stderr
    assert "the one before is current again" not in done.stderr
    assert edge.serving() == "else"


def test_a_release_that_others_cleared_away_is_not_pointed_to(edge: EdgeHost) -> None:
    edge.deploy("one")

    def cleared() -> None:
        (edge.base / "releases/two/.complete").unlink()

    done = edge.deploy("two", between=cleared)
    assert done.returncode != 0 and edge.serving() == "one"


def test_a_failed_look_takes_nothing_of_anothers_back(edge: EdgeHost) -> None:
    edge.deploy("one")

    def probe() -> None:
        assert edge.deploy("three").returncode == 0
        dark()

    done = edge.deploy("two", probe=probe)
    assert done.returncode != 0
    assert f"it does not answer; nothing was taken back: {OTHERS}" in done.stderr
    assert "why: HTTP 502" in done.stderr and "releases/three" in done.stderr
    assert edge.serving() == "three"


def test_the_way_back_is_to_what_was_current_when_it_was_switched(edge: EdgeHost) -> None:
    edge.deploy("one")
    done = edge.deploy("two", probe=dark, between=lambda: edge.deploy("three"))
    assert "the one before serves again" in done.stderr
    assert edge.serving() == "three"


def test_the_way_back_stays_when_another_run_switches_to_the_same(edge: EdgeHost) -> None:
    edge.deploy("one")
    another = edge.to_switch("two")

    def probe() -> None:
        assert edge.run(another).returncode == 0
        dark()

    assert "the one before serves again" in edge.deploy("two", probe=probe).stderr
    assert edge.serving() == "one"


def test_the_way_back_leads_past_this_runs_own_first_switch(edge: EdgeHost) -> None:
    """Whose keys were out of date, or it would not have switched twice."""
    keys = Keys("alice", "bob")
    edge.deploy(keys.planned())
    run = keys.planned()
    keys.names.remove("bob")
    # It changes more than the keys.
    first = FreshRelease(lambda: Release(f"{run.made().name}-x", {"nginx.conf": ""}))

    def another() -> None:
        keys.names.remove("alice")
        assert edge.deploy(keys.planned()).returncode == 0

    done = edge.deploy(first, probe=dark, between=another)
    assert "the one before serves again" in done.stderr
    assert edge.serving() == "keys-"
