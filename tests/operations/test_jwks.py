"""The keys of a token issuer: fetched when they are not there as they are to be, and then no more."""

from __future__ import annotations

import pytest

from firstlight.facts.jwks import JwksState, Keys
from firstlight.operations.jwks import SERVICE, TIMER, fetched, retired
from tests.operations.play import commands, converged

UNITS = (SERVICE, TIMER)
WANTED = {
    "url": "https://issuer.test/jwks",
    "file": "/var/lib/firstlight/edge/jwks.json",
    "problem": "/var/lib/firstlight/edge/jwks.problem",
    "mark": "m1",
}


def test_what_is_there_is_left_alone() -> None:
    assert converged(fetched, {JwksState: Keys("m1", UNITS, ticking=True)}, **WANTED)
    assert converged(retired, {JwksState: Keys()}, file=WANTED["file"])


@pytest.mark.parametrize(
    ("have", "steps"),
    [(Keys(), 2), (Keys("m0", UNITS, True), 2), (Keys("m1", UNITS, ticking=False), 1)],
)
def test_what_differs_is_fetched_and_ticks(have: Keys, steps: int) -> None:
    assert len(commands(fetched, {JwksState: have}, **WANTED)[0]) == steps
    assert len(commands(retired, {JwksState: have}, file=WANTED["file"])[0]) == bool(have.units)


def test_what_the_host_says() -> None:
    said = ["mark=m1", f"there={SERVICE}", f"there={TIMER}", "ticking=yes", "read=yes"]
    assert JwksState().process(said) == Keys("m1", UNITS, ticking=True)
    assert JwksState().process(["read=yes"]) == Keys()
