"""The first and the last step of a run: silences on every monitor, once, and no change by them."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import gevent
import pytest
from pyinfra.context import ctx_host, ctx_state

from firstlight.errors import FirstlightError
from firstlight.monitor import maintenance
from firstlight.monitor.maintenance import Watched
from firstlight.operations import maintenance as operations
from tests.operations.play import Host

WATCHED = {"mon1": Watched(("gpu1", "gpu2"), (), 15), "mon2": Watched(("gpu1",), ("tiny",), 15)}


class Run(SimpleNamespace):
    """Stands for a run of pyinfra."""

    __hash__ = object.__hash__


class Hosts(list[str]):
    """Hosts of an inventory."""

    def get_host(self, name: str) -> Any:
        return SimpleNamespace(name=name)


class Site:
    """A run of two hosts and two monitors outside of it, which answer what they are told to."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.names = ["gpu1", "gpu2"]
        self.asked: list[tuple[str, int, str]] = []
        self.said: list[str] = []
        self.answers: dict[str, Any] = {}
        self.run = Run(
            is_executing=True,
            should_check_for_changes=lambda: False,
            inventory=Hosts(),
        )
        monkeypatch.setattr("firstlight.adapter.current_run", lambda: self.run)
        monkeypatch.setattr(operations, "still_running", lambda _: set(self.names))
        monkeypatch.setattr("firstlight.adapter.say", self.said.append)
        monkeypatch.setattr(operations, "piped", self.piped)

    def piped(self, host: Any, program: str, stdin: str, seconds: int, *, own: bool) -> str:
        assert own and "python3 -I -" in program and 0 < seconds <= 60
        lasts = next(each for each in (900, 60) if f'"lasts": {each}' in stdin)
        self.asked.append((host.name, lasts, "s1" if '"id": "s1"' in stdin else ""))
        answer = self.answers.get(
            host.name, '{"silences": [{"id": "s1", "began": 5.0}], "error": ""}'
        )
        if isinstance(answer, Exception):
            raise answer
        return f"banner\nFIRSTLIGHT-SILENCE {answer}\n"

    def step(self, name: str, operation: Any, **arguments: Any) -> None:
        host = Host(self.run, {})
        host.name = name
        with ctx_state.use(self.run), ctx_host.use(host):
            assert list(operation._inner(**arguments)) == []  # no command: no change
        assert host.noop_description


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.setattr(maintenance, "RENEWED", 0.2)
    yield Site(monkeypatch)


def test_a_run_silences_once_and_tells_again_after_its_last_host(site: Site) -> None:
    for name in ("gpu1", "gpu2"):
        site.step(name, operations.quiet, watched=WATCHED)
    assert sorted(site.asked) == [("mon1", 900, ""), ("mon2", 900, "")]
    gevent.sleep(0.3)  # a run that lasts makes them longer
    assert sorted(site.asked[2:]) == [("mon1", 900, "s1"), ("mon2", 900, "s1")]
    site.asked.clear()
    site.step("gpu1", operations.loud)
    assert site.asked == []
    site.step("gpu2", operations.loud)
    assert sorted(site.asked) == [("mon1", 60, "s1"), ("mon2", 60, "s1")]
    gevent.sleep(0.5)
    assert len(site.asked) == 2 and site.said == []


def test_a_host_that_failed_is_not_waited_for(site: Site) -> None:
    site.step("gpu1", operations.quiet, watched=WATCHED)
    site.names = ["gpu1"]
    site.step("gpu1", operations.loud)
    assert [each for each in site.asked if each[1] == 60]


def test_who_cannot_be_asked_is_a_warning(site: Site) -> None:
    site.answers["mon1"] = FirstlightError("the host is not reached", why="no answer in 20 s")
    site.answers["mon2"] = '{"silences": [], "error": ""}'  # it has no Alertmanager yet
    site.step("gpu1", operations.quiet, watched=WATCHED)
    (said,) = site.said
    assert said.startswith("mon1: WARNING: alerts of this run's hosts are not silenced (")
    site.asked.clear()
    site.names = ["gpu1"]
    site.step("gpu1", operations.loud)
    assert site.asked == []


@pytest.mark.parametrize("changes", [0, 2])
def test_a_plan_without_a_change_silences_nothing(site: Site, changes: int) -> None:
    run = site.run
    meta = SimpleNamespace(ops_change=changes)
    run.should_check_for_changes = lambda: True
    run.get_meta_for_host = lambda _: meta
    run.inventory = Hosts(["gpu1"])
    site.step("gpu1", operations.quiet, watched=WATCHED)
    assert bool(site.asked) == bool(changes)
    site.asked.clear()
    run.is_executing = False
    site.step("gpu1", operations.quiet, watched=WATCHED)
    site.step("gpu1", operations.loud)
    assert site.asked == []
