"""An engine's replacement that is cut off, left over, or has no space: what the next one does."""

from __future__ import annotations

import pytest
from pyinfra.api import StringCommand

from firstlight.engines.unit import EngineUnit
from tests.operations.engine_host import UNIT, Host, have, switch
from tests.stubs import Stubs


def cut_off(host: Host) -> None:
    """Leave what a power cut leaves after the new unit was put in place and before it answered."""
    host.installed.write_text("new")
    (host.state / "tiny/previous.service").write_text("old")
    (host.state / "tiny/unproven").touch()


@pytest.mark.parametrize("state", ["activating", "failed"])
def test_after_a_cut_the_version_before_is_still_the_way_back(
    host: Host, unit: EngineUnit, state: str
) -> None:
    how, command = switch(
        unit, have(unit, state, spec=unit.spec() if state != "failed" else "none")
    )
    cut_off(host)
    code, said = host.replace(command, "old", state)
    assert how == ("start" if state == "activating" else "switch")
    assert code == 1 and host.installed.read_text() == "old"
    assert "returned to the version before" in said
    assert not (host.state / "tiny/unproven").exists()


def test_a_version_that_answered_once_is_not_left_for_an_older_one(
    host: Host, unit: EngineUnit
) -> None:
    """The unit itself has removed the note when it showed its first token."""
    _, command = switch(unit, have(unit, "failed", spec="none"))
    cut_off(host)
    (host.state / "tiny/unproven").unlink()
    code, said = host.replace(command, "nothing", "failed")
    assert code == 1 and host.installed.read_text() == "new" and "returned" not in said


def test_a_unit_that_was_staged_and_given_up_is_not_installed_later(
    host: Host, unit: EngineUnit
) -> None:
    _, command = switch(unit, have(unit, "failed", spec="none"))
    host.installed.write_text("wanted")
    (host.state / "tiny/next.service").write_text("given up")
    assert host.replace(command, "wanted", "failed")[0] == 0
    assert host.installed.read_text() == "wanted"
    assert not (host.state / "tiny/next.service").exists()


@pytest.mark.parametrize("broken", ["cp", "sync"])
def test_without_space_nothing_is_stopped(
    host: Host, unit: EngineUnit, stubs: Stubs, broken: str
) -> None:
    _, command = switch(unit, have(unit, spec="another", unit="another"))
    host.installed.write_text("old")
    (host.state / "tiny/next.service").write_text("new")
    stubs.add(broken, "exit 1")
    code, _ = host.replace(command, "old")
    assert code == 1 and host.installed.read_text() == "old" and host.verbs() == []


def test_it_returns_although_nobody_listens_any_more(
    host: Host, unit: EngineUnit, stubs: Stubs
) -> None:
    """The connection was cut: the first word said to it must not be the end of the way back."""
    _, command = switch(unit, have(unit, spec="another", unit="another"))
    host.installed.write_text("old")
    (host.state / "tiny/next.service").write_text("new")
    host.replace(StringCommand("{", command, "; } 2>&1 | true"), "old")
    assert host.installed.read_text() == "old"


@pytest.mark.parametrize("change", [{"enabled": False}, {"reload_needed": True}])
def test_what_runs_as_written_is_enabled_and_loaded(
    host: Host, unit: EngineUnit, change: dict[str, object]
) -> None:
    _, command = switch(unit, have(unit, **change))
    host.installed.write_text("same")
    assert host.replace(command, "same")[0] == 0
    assert host.verbs() == ["daemon-reload", "start"]
    assert any(f"enable --quiet {UNIT}" in call for call in host.stubs.calls())
