"""Weights: fetched by a unit of its own, which is watched until it has ended."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from firstlight import adapter
from firstlight.facts.weights import Fetching, FetchProgress, Stored, StoredWeights
from firstlight.operations import weights
from firstlight.settings import Model
from firstlight.weights import store
from firstlight.weights.wants import Want, wants
from tests.operations.play import commands, converged, run
from tests.stubs import Stubs

UNIT = "firstlight-weights@tiny.service"


@pytest.fixture
def tiny(model: Callable[..., Model]) -> Want:
    return wants(model())[0]


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The watch's pauses, and a clock that only they move."""
    pauses: list[float] = []
    clock = SimpleNamespace(sleep=pauses.append, monotonic=lambda: sum(pauses))
    monkeypatch.setattr(weights, "time", clock)
    return pauses


def complete(want: Want) -> Stored:
    files = {"tiny.gguf": {"size": 5}}
    marker = {"source": str(want.source), "files": files}
    return Stored(marker, {"tiny.gguf": 5})


def watching(states: list[Fetching]) -> dict[type, object]:
    left: Iterator[Fetching] = iter(states)
    return {StoredWeights: Stored(), FetchProgress: lambda **_: next(left, states[-1])}


def test_complete_weights_are_left_alone(tiny: Want) -> None:
    assert converged(weights.fetched, {StoredWeights: complete(tiny)}, want=tiny)


@pytest.mark.parametrize("stored", [Stored(), None, Stored({"files": {"a": {"size": 1}}})])
def test_a_plan_only_says_that_they_would_be_fetched(tiny: Want, stored: object) -> None:
    found, _ = commands(weights.fetched, {StoredWeights: stored}, want=tiny)
    assert len(found) == 1


def test_a_wrong_marker_goes_before_the_fetch_starts(
    stubs: Stubs, tmp_path: Path, tiny: Want
) -> None:
    folder = tmp_path / tiny.folder.removeprefix("/")
    folder.mkdir(parents=True)
    marker = folder / store.MARKER
    marker.touch()
    stubs.add("systemctl", f'[ "$1" != start ] || ! [ -e "{marker}" ]')
    (command,), _ = commands(weights.fetched, {}, want=tiny)
    assert run(command, stubs.env, {store.STORE: f"{tmp_path}{store.STORE}"}).returncode == 0
    assert stubs.calls()[-1] == f"systemctl start --no-block {UNIT}"


def test_watched_until_it_has_ended(tiny: Want, slept: list[float]) -> None:
    busy, done = Fetching("activating"), Fetching("inactive", "success")
    facts = watching([busy, busy, busy, done])
    found, _ = commands(weights.fetched, facts, executing=True, want=tiny)
    assert len(found) == 1
    assert len(slept) == 3
    assert slept == sorted(slept)


@pytest.mark.parametrize(
    "ended",
    [Fetching("failed", "exit-code", 0, "the disk is too small\n  fix: make room"), Fetching()],
)
def test_a_fetch_that_fails_says_why(tiny: Want, slept: list[float], ended: Fetching) -> None:
    found, _ = commands(weights.fetched, watching([ended]), executing=True, want=tiny)
    done = run(found[-1])
    assert done.returncode == 1
    assert f"gpu1: the weights of tiny could not be fetched: {ended.words}" in done.stderr
    assert UNIT in done.stderr
    assert slept == []


def test_a_fetch_that_never_ends_is_bounded(
    tiny: Want, slept: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr(weights, "LIMIT_SECONDS", 600)
    monkeypatch.setattr(adapter, "say", said.append)
    facts = watching([Fetching("activating", bytes=10**9)])
    found, _ = commands(weights.fetched, facts, executing=True, want=tiny)
    assert run(found[-1]).returncode == 1
    assert sum(slept) == pytest.approx(weights.LIMIT_SECONDS, abs=weights.LONGEST_LOOK_SECONDS)
    assert max(slept) <= weights.LONGEST_LOOK_SECONDS
    # An operator who waits is told now and then how far it is.
    assert "1.00 GB" in said[0] and "gpu1" in said[0]
