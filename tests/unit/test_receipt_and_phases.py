"""What a run keeps: its receipt, and where the time went."""

from __future__ import annotations

import pytest

from firstlight import receipt
from firstlight.phases import ORDER, PHASE_OF_ROLE, PhaseClock, as_line

FULL = {
    "schema": 1, "models": [{"name": "tiny"}], "finished": "now", "seconds": 42.0,
    "phases": {"connect": 1.0}, "first_token_seconds": {"tiny": 0.1}, "ssh": {"execs": 9},
}  # fmt: skip


def test_times_do_not_make_receipts_differ() -> None:
    other = {**FULL, "finished": "later", "seconds": 1.0, "phases": {}, "ssh": {}}
    assert receipt.same(FULL, other | {"first_token_seconds": {"tiny": 9.9}})
    assert receipt.same(FULL, {"schema": 1, "models": [{"name": "tiny"}]})


@pytest.mark.parametrize("change", [{"schema": 2}, {"models": []}, {"new": 1}])
def test_what_serves_does(change: dict[str, object]) -> None:
    assert not receipt.same(FULL, FULL | change)


def test_it_comes_back_from_its_text() -> None:
    text = receipt.as_text(FULL)
    assert receipt.parsed(text) == FULL
    assert text == receipt.as_text(dict(reversed(FULL.items())))
    assert text.endswith("}\n")


@pytest.mark.parametrize("torn", [None, "", "{", "[]", "null", '"x"', "\x00"])
def test_a_torn_one_is_none(torn: str | None) -> None:
    assert receipt.parsed(torn) == {}


def test_seconds_by_phase_and_host() -> None:
    clock = PhaseClock(started=100.0, connected=100.5)
    clock.add("a", "Base | Install common packages", 2.0)
    clock.add("a", "Docker | Install Docker", 3.0)
    clock.add("a", "Image | Pull", 4.0)
    clock.add("b", "Edge | Serve", 5.0)
    clock.add("a", "Something else", 100.0)
    spent = clock.seconds("a")
    assert spent["connect"] == 0.5
    assert spent["packages"] == 5.0
    assert spent["image"] == 4.0
    assert spent["edge"] == 0.0
    assert clock.seconds("b")["edge"] == 5.0


def test_every_role_has_a_phase() -> None:
    assert set(PHASE_OF_ROLE.values()) <= set(ORDER)


def test_phases_on_one_line() -> None:
    line = as_line({"edge": 1.24, "connect": 0.61})
    assert line == "connect 0.6 s · edge 1.2 s"
