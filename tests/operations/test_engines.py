"""Engines: started, restarted only when what they run changed, retired when nobody wants them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from firstlight.engines.unit import EngineUnit
from firstlight.facts.engines import EngineState, EngineStates
from firstlight.operations.engines import answering, retired
from firstlight.settings import Model
from tests.operations.play import commands, converged, run
from tests.stubs import Stubs

UNIT = "firstlight-engine-tiny.service"


@pytest.fixture
def unit(model: Callable[..., Model]) -> EngineUnit:
    return EngineUnit(model())


def have(unit: EngineUnit, active: str = "active", **change: object) -> dict[type, object]:
    values = {"enabled": True, "reload_needed": False, "spec": unit.spec(), **change}
    return {EngineStates: {"tiny": EngineState(active, **values)}}  # type: ignore[arg-type]


def verbs(stubs: Stubs, unit: EngineUnit, facts: dict[type, object]) -> list[str]:
    stubs.add("systemctl")
    (command,), _ = commands(answering, facts, unit=unit)
    assert run(command, stubs.env).returncode == 0
    return [call.removeprefix("systemctl ") for call in stubs.calls("systemctl")]


def test_an_engine_as_specified_is_left_alone(unit: EngineUnit) -> None:
    assert converged(answering, have(unit), unit=unit)


@pytest.mark.parametrize("facts", [{}, {EngineStates: {}}, {EngineStates: None}])
def test_a_bare_host_starts_it(stubs: Stubs, unit: EngineUnit, facts: dict[type, object]) -> None:
    called = verbs(stubs, unit, facts)
    assert called.index("daemon-reload") < called.index(f"start {UNIT}")
    assert f"enable --quiet {UNIT}" in called


@pytest.mark.parametrize(
    ("active", "change", "verb"),
    [
        ("active", {"spec": "another"}, "restart"),
        ("active", {"spec": "none"}, "restart"),
        ("activating", {"spec": "another"}, "restart"),
        # One that is starting as specified is waited for, not started over.
        ("activating", {}, "start"),
        ("failed", {"spec": "another"}, "start"),
        ("inactive", {"spec": "none"}, "start"),
        ("active", {"enabled": False}, "start"),
        ("active", {"reload_needed": True}, "start"),
    ],
)
def test_drift(
    stubs: Stubs, unit: EngineUnit, active: str, change: dict[str, object], verb: str
) -> None:
    assert verbs(stubs, unit, have(unit, active, **change))[-1] == f"{verb} {UNIT}"


def test_an_engine_that_does_not_answer_is_shown_with_its_last_words(
    stubs: Stubs, unit: EngineUnit
) -> None:
    stubs.add("systemctl", '[ "$1" != start ]')
    stubs.add("journalctl", "echo CUDA out of memory")
    (command,), _ = commands(answering, {EngineStates: {}}, unit=unit)
    done = run(command, stubs.env)
    assert done.returncode != 0
    assert "CUDA out of memory" in done.stderr and "gpu1" in done.stderr
    assert f"start_timeout is {unit.model.start_timeout} s" in done.stderr


STATE = EngineState("active", True, False, "x")


def test_nothing_is_left_over() -> None:
    assert converged(retired, {EngineStates: {"tiny": STATE}}, keep=("tiny", "new"))
    assert converged(retired, {EngineStates: {}}, keep=())
    assert converged(retired, {EngineStates: None}, keep=("tiny",))


def test_models_gone_are_stopped_and_removed(stubs: Stubs, tmp_path: Path) -> None:
    stubs.add("systemctl")
    units, configs = tmp_path / "units", tmp_path / "engines"
    for folder, end in ((units, "service"), (configs, "yaml")):
        folder.mkdir()
        for name in ("old", "tiny"):
            prefix = "firstlight-engine-" if end == "service" else ""
            (folder / f"{prefix}{name}.{end}").touch()
    facts = {EngineStates: {"tiny": STATE, "old": STATE}}
    (command,), _ = commands(retired, facts, keep=("tiny",))
    instead = {"/etc/systemd/system": units, "/etc/firstlight/engines": configs}
    assert run(command, stubs.env, instead).returncode == 0
    assert [path.name for path in units.iterdir()] == [UNIT]
    assert [path.name for path in configs.iterdir()] == ["tiny.yaml"]
    calls = stubs.calls()
    assert calls[0].endswith("--now firstlight-engine-old.service")
    assert calls[-1] == "systemctl daemon-reload"
    assert not any("tiny" in call for call in calls)
