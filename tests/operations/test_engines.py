"""Engines: started, replaced only when what they run changed, retired when nobody wants them."""

from __future__ import annotations

import base64
import io
import tarfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from firstlight.engines.unit import EngineUnit
from firstlight.facts.engines import Engines, EngineState, EngineStates
from firstlight.operations.commands import script
from firstlight.operations.engine_scripts import MAKE_ROOM
from firstlight.operations.engines import in_the_way, retired, room, serving
from firstlight.settings import Model
from tests.operations.engine_host import UNIT, Facts, Host, have, switch, text
from tests.operations.play import commands, converged, run
from tests.stubs import Stubs
from tests.units import unit_of


def test_an_engine_as_specified_is_left_alone(unit: EngineUnit) -> None:
    assert converged(serving, have(unit), unit=unit, text=text)


def test_its_gpus_are_those_that_the_driver_names(model: Callable[..., Model]) -> None:
    unit = unit_of(model(gpus=[0]))
    named = unit.named({"0": "GPU-a"})
    facts = have(named)
    facts[EngineStates] = replace(facts[EngineStates], uuids={"0": "GPU-a"})  # type: ignore[type-var]
    assert converged(serving, facts, unit=unit, text=text)
    assert not converged(serving, have(unit) | {EngineStates: Engines()}, unit=unit, text=text)


@pytest.mark.parametrize("facts", [{}, {EngineStates: Engines()}, {EngineStates: None}])
def test_a_bare_host_starts_it(host: Host, unit: EngineUnit, facts: Facts) -> None:
    how, command = switch(unit, facts)
    (host.state / "tiny/next.service").write_text("new")
    assert host.replace(command, "new")[0] == 0
    assert how == "switch" and host.installed.read_text() == "new"
    assert host.verbs()[-2:] == ["daemon-reload", "start"]
    assert any(f"enable --quiet {UNIT}" in call for call in host.stubs.calls())


def test_what_it_needs_is_written_before_it_is_touched(unit: EngineUnit) -> None:
    (writes, _), _ = commands(serving, {}, unit=unit, text=text)
    archive = base64.b64decode(writes.connector_arguments["_stdin"])
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        written = [tar.extractfile(each).read().decode() for each in tar]  # type: ignore[union-attr]
    assert written == [*unit.files.values(), text(unit)]
    assert "/var/lib/firstlight/engines/tiny/next.service" in writes.get_raw_value()


@pytest.mark.parametrize(
    ("active", "change", "expected"),
    [
        ("active", {"spec": "another"}, "switch"),
        ("active", {"spec": "none"}, "switch"),
        ("activating", {"spec": "another"}, "switch"),
        # One that is starting as specified is waited for, not started over.
        ("activating", {}, "start"),
        ("failed", {"spec": "another"}, "switch"),
        ("inactive", {"spec": "none"}, "switch"),
        ("active", {"enabled": False}, "start"),
        # Only the unit around what runs is new.
        ("active", {"unit": "other"}, "adopt"),
        ("active", {"files": {}}, "adopt"),
    ],
)
def test_drift(unit: EngineUnit, active: str, change: dict[str, object], expected: str) -> None:
    assert switch(unit, have(unit, active, **change))[0] == expected


STATE = EngineState("active", True, False, "x")


def test_nothing_is_left_over() -> None:
    facts: Facts = {EngineStates: Engines({"tiny": STATE})}
    assert converged(retired, facts, keep=("tiny", "new"))
    assert converged(retired, {EngineStates: Engines()}, keep=())
    assert converged(retired, {EngineStates: None}, keep=("tiny",))


def test_models_gone_are_stopped_and_removed(stubs: Stubs, tmp_path: Path) -> None:
    stubs.add("systemctl")
    stubs.add(
        "docker", "printf 'firstlight-cache-old\\nfirstlight-cache-old-0123456789ab\\nx-old\\n'"
    )
    folders = {
        "/etc/systemd/system": tmp_path / "units",
        "/etc/firstlight/engines": tmp_path / "engines",
        "/var/lib/firstlight/engines": tmp_path / "state",
    }
    for path in folders.values():
        path.mkdir()
        for name in ("old", "tiny"):
            unit = f"firstlight-engine-{name}.service"
            (path / (unit if path.name == "units" else name)).touch()
    facts: Facts = {EngineStates: Engines({"tiny": STATE, "old": STATE})}
    (command,), _ = commands(retired, facts, keep=("tiny",))
    assert run(command, stubs.env, folders).returncode == 0
    left = [path.name for folder in folders.values() for path in folder.iterdir()]
    assert left == [UNIT, "tiny", "tiny"]
    calls = stubs.calls()
    assert calls[0].endswith("--now firstlight-engine-old.service")
    removed = "docker volume rm firstlight-cache-old firstlight-cache-old-0123456789ab"
    assert removed in calls
    assert calls[-1] == "systemctl daemon-reload"
    assert not any("tiny" in call for call in calls)


def serves(name: str, port: int, *gpus: str, **change: object) -> EngineState:
    return replace(EngineState("active", True, False, "old", port=port, gpus=gpus), **change)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("installed", "stopped"),
    [
        # A model that is put before another takes its port: both move.
        ({"b": serves("b", 8000)}, ["b"]),
        ({"a": serves("a", 8001), "b": serves("b", 8000)}, ["a", "b"]),
        ({"a": serves("a", 8000), "b": serves("b", 8001)}, []),
        ({"b": serves("b", 8000, active="failed")}, []),
        # One that is loading has no version to go back to.
        ({"b": serves("b", 8000, active="activating")}, ["b="]),
        ({}, []),
    ],
)
def test_engines_that_trade_places_stop_first(
    model: Callable[..., Model], installed: dict[str, EngineState], stopped: list[str]
) -> None:
    units = [unit_of(model(name=name, port=port)) for name, port in (("a", 8000), ("b", 8001))]
    found, host = commands(room, {EngineStates: Engines(installed)}, units=units)
    assert bool(found) is bool(stopped) and bool(host.noop_description) is not bool(stopped)
    for command in found:
        words = command.get_raw_value().split("/var/lib/firstlight/engines ")[1].split()
        assert words == stopped


def test_gpus_are_traded_too(model: Callable[..., Model]) -> None:
    units = [
        unit_of(model(name=n, port=p, gpus=[g])) for n, p, g in (("a", 8000, 1), ("b", 8001, 0))
    ]
    traded = Engines({"a": serves("a", 8000, "0"), "b": serves("b", 8001, "1")})
    assert [u.instance.name for u in in_the_way(units, traded)] == ["a", "b"]
    shared = Engines({"a": serves("a", 8000, "1", "0"), "b": serves("b", 8001, "1", "0")})
    assert [u.instance.name for u in in_the_way(units, shared)] == ["a", "b"]
    kept = Engines({"a": serves("a", 8000, "1"), "b": serves("b", 8001, "0")})
    assert in_the_way(units, kept) == []


def test_those_that_make_room_can_come_back(stubs: Stubs, host: Host) -> None:
    host.installed.write_text("old")
    stubs.add("systemctl")
    command = script(MAKE_ROOM, str(host.state), "tiny")
    assert run(command, stubs.env, {"/etc/systemd/system": host.units}).returncode == 0
    assert (host.state / "tiny/previous.service").read_text() == "old"
    assert (host.state / "tiny/unproven").exists()
    assert host.verbs() == ["stop"]


def test_a_driver_that_is_silent_renames_no_gpu(model: Callable[..., Model]) -> None:
    unit = unit_of(model(gpus=[0]))
    state = serves("tiny", 8000, "GPU-a")
    silent = {EngineStates: Engines({"tiny": state}, readable=False)}
    (command,), _ = commands(serving, silent, unit=unit, text=text)
    assert "cannot be named; it was left as it is" in command.get_raw_value()
    assert (
        len(commands(serving, {EngineStates: Engines({"tiny": state})}, unit=unit, text=text)[0])
        == 2
    )
