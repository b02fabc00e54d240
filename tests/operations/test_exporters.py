"""The exporters of a host: begun, left alone, begun again where they differ, and taken away."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from firstlight.exporter.node import UNIT
from firstlight.exporter.spec import METRICS, STATE
from firstlight.facts.exporters import Exporters, ExporterState
from firstlight.operations.exporters import PROGRAM, SERVICE, SPEC, TIMER, exporting, retired
from tests.operations.play import commands, converged, run
from tests.stubs import Stubs

RUNS = Exporters("m1", (UNIT, SERVICE, TIMER), (UNIT, TIMER), told=True)
PAGE = "firstlight_facts_time_seconds 1795286937"


def test_what_runs_is_left_alone() -> None:
    assert converged(exporting, {ExporterState: RUNS}, mark="m1")
    assert converged(exporting, {ExporterState: replace(RUNS, mark="", up=(TIMER,))}, mark="")
    assert converged(retired, {ExporterState: Exporters()})


@pytest.mark.parametrize(
    ("change", "how"),
    [
        ({"mark": "m0"}, "restart"),
        ({"mark": "", "up": (TIMER,)}, "restart"),
        ({"up": (TIMER,)}, "start"),
        ({"up": (UNIT,)}, "start"),
        ({"stale": (SERVICE,)}, "start"),
        ({"told": False}, "start"),
    ],
)
def test_what_differs_is_mended(stubs: Stubs, change: dict[str, Any], how: str) -> None:
    stubs.add("systemctl")
    stubs.add("curl", f"echo '{PAGE}'")
    [command] = commands(exporting, {ExporterState: replace(RUNS, **change)}, mark="m1")[0]
    done = run(command, stubs.env)
    assert done.returncode == 0, done.stderr
    assert f"systemctl {how} {UNIT}" in stubs.calls()
    assert f"systemctl restart {TIMER}" in stubs.calls()
    assert stubs.calls().index("systemctl daemon-reload") == 0


def test_where_there_is_no_node_exporter_the_facts_are_written(stubs: Stubs) -> None:
    stubs.add("systemctl")
    stubs.add("curl")
    [command] = commands(exporting, {ExporterState: Exporters()}, mark="")[0]
    assert run(command, stubs.env).returncode == 0
    assert f"systemctl start {SERVICE}" in stubs.calls()
    assert not stubs.calls("curl") and not any(UNIT in call for call in stubs.calls())


def test_a_page_that_says_nothing_is_an_error(stubs: Stubs) -> None:
    """Somebody else's program at that port, or one that may not read the folder."""
    for name in ("systemctl", "sleep"):
        stubs.add(name)
    stubs.add("curl", "echo node_load1 0.5")
    stubs.add("journalctl", "echo last words")
    [command] = commands(exporting, {ExporterState: Exporters()}, mark="m1")[0]
    done = run(command, stubs.env)
    assert done.returncode == 1
    assert "does not tell" in done.stderr and "last words" in done.stderr
    assert "ss -tlnp" in done.stderr


def test_one_that_does_not_start_is_an_error(stubs: Stubs) -> None:
    stubs.add("systemctl", f'case "$*" in "restart {UNIT}") exit 1;; esac')
    stubs.add("journalctl", "echo address already in use")
    [command] = commands(exporting, {ExporterState: Exporters()}, mark="m1")[0]
    done = run(command, stubs.env)
    assert done.returncode == 1 and "address already in use" in done.stderr


def test_all_of_it_goes(stubs: Stubs, tmp_path: Path) -> None:
    stubs.add("systemctl")
    units, kept = tmp_path / "units", tmp_path / "kept"
    (units / f"{UNIT}.d").mkdir(parents=True)
    for name in (SERVICE, TIMER, f"{UNIT}.d/firstlight.conf"):
        (units / name).write_text("x")
    instead: dict[str, object] = {"/etc/systemd/system": units}
    for path in (PROGRAM, SPEC, METRICS, STATE):
        instead[path] = kept / path.rpartition("/")[2]
        Path(str(instead[path])).mkdir(parents=True)
    [command] = commands(retired, {ExporterState: RUNS})[0]
    assert run(command, stubs.env, instead).returncode == 0
    assert list(units.iterdir()) == [] and list(kept.iterdir()) == []
    calls = stubs.calls()
    # What would listen on every address without our file is stopped before it goes.
    assert calls.index(f"systemctl disable --quiet --now {UNIT}") < calls.index(
        "systemctl daemon-reload"
    )


def test_a_node_exporter_of_somebody_else_stays(stubs: Stubs, tmp_path: Path) -> None:
    stubs.add("systemctl")
    there = replace(RUNS, there=(SERVICE, TIMER))
    [command] = commands(retired, {ExporterState: there})[0]
    instead = {
        path: tmp_path / str(n)
        for n, path in enumerate(("/etc/systemd/system", PROGRAM, SPEC, METRICS, STATE))
    }
    assert run(command, stubs.env, instead).returncode == 0
    assert f"systemctl disable --quiet --now {UNIT}" not in stubs.calls()
