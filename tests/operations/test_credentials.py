"""Units are handed a credential that the host has; where it has none the host's run ends."""

from __future__ import annotations

from pathlib import Path

from firstlight.facts.credentials import Held, HeldCredentials
from firstlight.facts.files import PathStates
from firstlight.operations.credentials import drop_in, handed, text
from firstlight.operations.files import File
from tests.facts.shell import gather
from tests.operations.play import commands, converged, run

UNIT = "firstlight-weights@tiny.service"
HELD = Held("/etc/credstore.encrypted/hub", True)
UNITS = {UNIT: ["hub"]}


def test_a_drop_in_is_written_once() -> None:
    there = File(drop_in(UNIT), text([HELD]))
    facts = {HeldCredentials: {"hub": HELD}, PathStates: {}}
    found, _ = commands(handed, facts, units=UNITS)
    assert len(found) == 2 and drop_in(UNIT) in str(found[0])
    facts[PathStates] = {there.path: there.state}
    assert converged(handed, facts, units=UNITS)
    # From one store to the other: another drop-in.
    facts[HeldCredentials] = {"hub": Held("/etc/credstore/hub", True)}
    assert len(commands(handed, facts, units=UNITS)[0]) == 2


def test_without_it_the_command_fails_and_says_what_to_do() -> None:
    (failing,), _ = commands(handed, {HeldCredentials: {}, PathStates: {}}, units=UNITS)
    done = run(failing)
    assert done.returncode == 1 and "systemd credential hub is not on the host" in done.stderr
    assert "systemd-creds encrypt --name=hub" in done.stderr


def test_the_fact_looks_into_the_encrypted_store_first(tmp_path: Path) -> None:
    for folder, names in (("credstore.encrypted", ["both"]), ("credstore", ["both", "plain"])):
        (tmp_path / folder).mkdir()
        for name in names:
            (tmp_path / folder / name).touch(mode=0o640)
    instead = {"/etc/credstore": tmp_path / "credstore"}
    found = gather(HeldCredentials, instead=instead, names=["both", "plain", "none"])
    assert gather(HeldCredentials, instead=instead, names=["none"]) == {}
    assert set(found) == {"both", "plain"} and not found["plain"].private
    assert found["both"].path.endswith("credstore.encrypted/both")
