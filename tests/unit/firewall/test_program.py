"""The host's program: what it takes for a difference, by what nft lists."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
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


@pytest.mark.parametrize("already", [True, False])
def test_keep_leaves_a_trial_alone_also_one_that_begins_meanwhile(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, already: bool
) -> None:
    armed = tmp_path / "armed"
    looked: list[int] = []

    def differences() -> list[str]:
        looked.append(1)
        armed.touch()  # its files are there from now on
        return ["not there: rule input"]

    if already:
        armed.touch()
    monkeypatch.setattr(program, "TRIED", armed)
    monkeypatch.setattr(program, "differences", differences)
    monkeypatch.setattr(program, "load", lambda: pytest.fail("the trial's rules were loaded"))
    assert program.main(["keep"]) == 0 and len(looked) == (not already)


class Nft:
    """nft that takes what ``takes`` names, with ``loaded`` as what it lists."""

    def __init__(self, patch: pytest.MonkeyPatch, takes: set[str], loaded: str = "") -> None:
        self.takes, self.loaded, self.asked = takes, loaded, []
        self.failed, self.restarts = False, 0
        patch.setattr(program, "run", self)

    def __call__(self, *words: str) -> subprocess.CompletedProcess[str]:
        if words == tuple(program.LIST):
            return subprocess.CompletedProcess(words, 0, self.loaded, "")
        if words[0] == "unshare":
            code = 0 if "rules.nft" in self.takes else 1
            return subprocess.CompletedProcess(words, code, listing(*LISTED), "syntax error")
        if words[0] == "systemctl":
            assert words[-1] == program.SERVICE
            if "restart" in words:
                self.restarts += 1
                self.failed = program.main(["load"]) != 0
                return subprocess.CompletedProcess(words, 0, "", "")
            return subprocess.CompletedProcess(words, 0 if self.failed else 1, "", "")
        self.asked.append(Path(words[-1]).name)
        code = 0 if self.asked[-1] in self.takes else 1
        return subprocess.CompletedProcess(words, code, "", "syntax error")


def test_rules_that_nft_does_not_take_leave_the_host_closed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    nft = Nft(monkeypatch, {"least.nft"})
    assert program.main(["load"]) == 1 and nft.asked == ["rules.nft", "least.nft"]
    said = capsys.readouterr().err
    assert "syntax error" in said and "SSH is let in, and nothing else" in said
    assert program.main(["state"]) == 1
    # The next looks find the least rules there, and are quiet.
    nft = Nft(monkeypatch, {"least.nft"}, listing(*LISTED[:2]))
    nft.failed = True
    capsys.readouterr()
    assert program.main(["keep"]) == 0 and nft.asked == []
    assert capsys.readouterr() == ("", "")


def test_what_was_loaded_stays_where_the_new_cannot_be(monkeypatch: pytest.MonkeyPatch) -> None:
    nft = Nft(monkeypatch, {"least.nft"}, listing(*LISTED))
    assert program.main(["load"]) == 1 and nft.asked == ["rules.nft"]


def test_rules_that_broke_under_a_loaded_table_are_said_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    nft = Nft(monkeypatch, {"least.nft"}, listing(*LISTED))
    assert [program.main(["keep"]) for _ in range(3)] == [0, 0, 0]
    assert nft.failed and nft.restarts == 1
    assert nft.asked == ["rules.nft"]  # tried by the service; what was loaded stays
    said = capsys.readouterr().err
    assert said.count("syntax error") == 1 and "what was loaded before stays" in said


def test_keep_falls_back_where_nothing_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    nft = Nft(monkeypatch, {"least.nft"})
    assert program.main(["keep"]) == 1 and nft.asked == ["rules.nft", "least.nft"]
    assert Nft(monkeypatch, {"rules.nft"}) and program.main(["keep"]) == 0
