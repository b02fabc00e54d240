"""The host's program: what it takes for a difference, by what nft lists."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from firstlight.firewall import program

LISTED: list[dict[str, Any]] = [
    {"metainfo": {"version": "1.1"}},
    {"table": {"family": "inet", "name": "firstlight", "handle": 4}},
    {"set": {"name": "busy4", "table": "firstlight", "handle": 1}},
    {"chain": {"name": "input", "table": "firstlight", "policy": "drop", "handle": 2}},
    {"rule": {"chain": "input", "handle": 3, "comment": "edge: from anywhere", "expr": [{"counter": {"packets": 0, "bytes": 0}}, {"accept": None}]}},
]  # fmt: skip
HOLE = {"rule": {"chain": "input", "handle": 9, "expr": [{"accept": None}]}}


def listing(*items: Any) -> str:
    return json.dumps({"nftables": list(items)})


Compare = Callable[..., list[str]]


@pytest.fixture
def compare(monkeypatch: pytest.MonkeyPatch) -> Compare:
    def compare(*loaded: Any) -> list[str]:
        class Done:
            stdout = listing(*loaded) if loaded else ""

        monkeypatch.setattr(program, "run", lambda *_: Done)
        monkeypatch.setattr(program, "written", lambda: program.lines(listing(*LISTED)))
        return program.differences()

    return compare


def changed(item: dict[str, Any], **values: Any) -> dict[str, Any]:
    ((kind, inner),) = item.items()
    return {kind: {**inner, **values}}


def test_counters_handles_and_filled_sets_are_no_difference(compare: Compare) -> None:
    counted = [{"counter": {"packets": 7, "bytes": 900}}, {"accept": None}]
    filled = changed(LISTED[2], elem=["192.0.2.1"], handle=77)
    assert compare(*LISTED[:2], filled, LISTED[3], changed(LISTED[4], expr=counted)) == []


def test_what_is_added_is_named(compare: Compare) -> None:
    (line,) = compare(*LISTED, HOLE)
    assert line.startswith("not ours: rule input") and "accept" in line


def test_what_is_gone_is_named(compare: Compare) -> None:
    assert compare(*LISTED[:4]) == ["not there: rule input edge: from anywhere"]
    assert compare() == ["the table is not there"]


def test_a_policy_and_an_order_count(compare: Compare) -> None:
    found = compare(*LISTED[:3], changed(LISTED[3], policy="accept"), LISTED[4])
    assert sorted(line.split(":")[0] for line in found) == ["not ours", "not there"]
    assert compare(LISTED[1], LISTED[3], LISTED[2], LISTED[4]) == [
        "the rules stand in another order"
    ]


def test_keep_loads_only_what_differs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    loads: list[int] = []
    monkeypatch.setattr(program, "load", lambda: loads.append(1) or 0)
    monkeypatch.setattr(program, "differences", list)
    assert program.main(["keep"]) == 0 and loads == []
    monkeypatch.setattr(program, "differences", lambda: ["the table is not there"])
    assert program.main(["keep"]) == 0 and loads == [1]
    assert "changed by somebody" in capsys.readouterr().out


def test_rules_that_nft_does_not_take_are_no_all_clear(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> list[str]:
        raise OSError("syntax error")

    monkeypatch.setattr(program, "differences", broken)
    assert program.main(["state"]) == 1 == program.main(["keep"])
