"""The firewall of a host: tried where it differs, left alone where it is in place."""

from __future__ import annotations

from typing import Any

import pytest
from pyinfra.api import FunctionCommand

from firstlight import adapter
from firstlight.facts.files import PathStates
from firstlight.facts.firewall import Firewall, FirewallState
from firstlight.firewall.place import FILE
from firstlight.operations.files import File
from firstlight.operations.firewall import closed, ended, enforced
from tests.operations.play import commands, converged

RULES = File(FILE, "table inet firstlight {}\n", "600")
WANTED: dict[str, Any] = {
    "items": [RULES], "declared": {("tcp", 22)}, "admin": ["10.0.0.0/8"], "python": "/usr/bin/python3", "seconds": 30,
}  # fmt: skip
THERE = {PathStates: {FILE: RULES.state}, FirewallState: Firewall(loaded=True)}


def steps(**change: Any) -> list[str]:
    facts = {**THERE, FirewallState: Firewall(**{"loaded": True, **change})}
    found, _ = commands(enforced, facts, **WANTED)
    return [
        "confirm" if isinstance(each, FunctionCommand) else each.get_raw_value() for each in found
    ]


def test_in_place_it_is_left_alone() -> None:
    assert converged(enforced, THERE, **WANTED)
    assert converged(ended, {FirewallState: Firewall()})


@pytest.mark.parametrize(
    "change",
    [{"loaded": False}, {"differs": ("not ours: rule",)}, {"down": ("the timer is not active",)}],
)
def test_what_differs_is_tried_with_the_table_of_now_to_go_back_to(change: dict[str, Any]) -> None:
    found = steps(**change)
    assert " arm firewall " in found[1] and "nft --stateless list table" in found[1]
    assert found[-1] == "confirm"
    assert "nft --check --file 0" not in "".join(found)  # the rules themselves are as they were


def test_new_rules_are_checked_before_they_are_there() -> None:
    found, _ = commands(enforced, {**THERE, PathStates: {}}, **WANTED)
    texts = [each.get_raw_value() for each in found if not isinstance(each, FunctionCommand)]
    check = next(place for place, text in enumerate(texts) if "nft --check --file 0" in text)
    load = next(
        place
        for place, text in enumerate(texts)
        if "systemctl restart firstlight-firewall" in text and "arm" not in text
    )
    assert check < load


def test_anothers_firewall_goes_after_ours_is_there_and_only_when_told() -> None:
    assert converged(enforced, {**THERE, FirewallState: Firewall(True, foreign=("ufw",))}, **WANTED)
    facts = {**THERE, FirewallState: Firewall(True, foreign=("ufw",))}
    found, _ = commands(enforced, facts, **WANTED, take_over=True)
    assert "ufw --force disable" in found[-1].get_raw_value()
    assert isinstance(found[-2], FunctionCommand)


def test_who_is_cut_off_is_named_before(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(adapter, "say", said.append)
    lines = ["reached=tcp 22 sshd", "reached=tcp 9100 node_exporter", "reached=udp 68 dhclient"]
    seen = FirewallState().process(lines)
    (line,) = closed(seen, WANTED["declared"])
    assert line.startswith("tcp 9100 (node_exporter) is reached from outside now")
    lines = ["session=10.0.0.7", "session=203.0.113.9", "container=web bridge"]
    seen = FirewallState().process([*lines, "reached=tcp 9100 node_exporter"])
    commands(enforced, {**THERE, FirewallState: seen}, **WANTED)
    text = "\n".join(said)
    assert "logged in from 203.0.113.9" in text and "10.0.0.7" not in text
    assert "containers of others lose their way out: web" in text
    assert [each for each in said if "WARNING: tcp 9100" in each]


@pytest.mark.parametrize("seen", [Firewall(loaded=True), Firewall(kept=True)])
def test_what_was_ours_goes_also_where_somebody_took_the_table_away(seen: Firewall) -> None:
    (step,) = commands(ended, {FirewallState: seen})[0]
    assert "nft delete table inet firstlight" in step.get_raw_value()
