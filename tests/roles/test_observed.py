"""What observation adds to the plans of the examples, alone and beside the stack."""

from __future__ import annotations

from pathlib import Path

import pytest

from firstlight.catalogue import systems
from firstlight.operations.gpu_exporter import INSTALLED
from roles.alertmanager import CONFIG
from roles.grafana import UNIT_FILE
from tests.roles.hosts import bare, made
from tests.roles.observed import EVERY, observing
from tests.roles.stage import ROOT, Played, Stage
from tests.roles.test_plans import EXPECTED, as_text, expect

EXAMPLES = ["prod", "workstation"]
FIRST, *OTHERS = ["debian 13", "ubuntu 24.04", "ubuntu 26.04"]
SYSTEMS = [FIRST, *OTHERS]
OBSERVES = ("Exporters | ", "Dcgm | ", "Prometheus | ", "Alertmanager | ", "Grafana | ")
GONE = ("/etc/firstlight/facts.json", INSTALLED, CONFIG, UNIT_FILE)


def inventory(example: str) -> Path:
    return ROOT / f"inventories/{example}.py"


def dashed(system: str) -> str:
    return system.replace(" ", "-")


@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize("example", EXAMPLES)
def test_observation_alone(stage: Stage, example: str, system: str) -> None:
    played = stage.play(inventory(example), bare(systems()[system]), "monitor", watched=True)
    found = as_text(played)
    first = EXPECTED / f"{example}-monitor-{dashed(FIRST)}.txt"
    if system != FIRST and found == first.read_text():
        found = f"as on {FIRST}\n"
    expect(f"{example}-monitor-{dashed(system)}", found)


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_stack_ends_with_observation(stage: Stage, example: str) -> None:
    """What serves is the same, and comes first: the token has been seen by then."""
    without = stage.play(inventory(example), bare(systems()[FIRST])).changes
    played = stage.play(inventory(example), bare(systems()[FIRST]), watched=True).changes
    alone = stage.play(inventory(example), bare(systems()[FIRST]), "monitor", watched=True).changes
    for host, operations in played.items():
        ours = [each for each in operations if each.startswith(OBSERVES)]
        assert ours and operations[-len(ours) :] == ours
        serving = operations[: -len(ours)]
        # A monitor has Docker and nginx for observation's sake alone.
        more = [each for each in serving if each not in without[host]]
        assert [each for each in serving if each in without[host]] == without[host]
        assert all(each.startswith(("Docker | ", "Edge | ")) for each in more), more
        assert [each for each in alone[host] if each.startswith(OBSERVES)] == ours


@pytest.mark.parametrize("example", EXAMPLES)
def test_a_second_run_changes_nothing(stage: Stage, example: str) -> None:
    first = stage.play(inventory(example), bare(systems()[FIRST]), watched=True)
    assert all(first.changes.values())
    for deploy in ("stack", "monitor"):  # the layer alone has nothing to add to the stack
        second = stage.play(inventory(example), made(systems()[FIRST], first), deploy, watched=True)
        assert second.changes == {host: [] for host in first.changes}
        assert second.written == {}


def test_what_is_gone_is_made_again(stage: Stage) -> None:
    """The host of the run above has all of it: without a file of each role each has to act."""
    first = stage.play(inventory("workstation"), bare(systems()[FIRST]), watched=True)
    there = first.written["workstation"]
    assert observing(there) == EVERY - {"logs"}  # which are off
    gone = {path for path in there if path in GONE or path.endswith("/prometheus.yml")}
    assert len(gone) == len(GONE) + 1
    left = {path: item for path, item in there.items() if path not in gone}
    cut = Played(first.changes, {"workstation": left}, first.settings)
    second = stage.play(inventory("workstation"), made(systems()[FIRST], cut), watched=True)
    assert gone <= set(second.written["workstation"])
    assert {f"{each.partition(' | ')[0]} | " for each in second.changes["workstation"]} == set(
        OBSERVES
    )
