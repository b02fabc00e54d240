"""A release on a host: judged by the real promtool, switched by one link, taken back if not loaded."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from firstlight.facts.prometheus import Prometheus, PrometheusState, UnitState
from firstlight.monitor.release import BASE, MonitorRelease, release_of
from firstlight.monitor.service import DROP_INS, PROBER, UNIT
from firstlight.operations import prometheus as operations
from firstlight.operations.prometheus import retired, watching
from tests.facts.shell import gather
from tests.monitor.prometheus.conftest import LoadSite
from tests.operations.play import commands, converged, run
from tests.stubs import Stubs

MARKS = {UNIT: "a1", PROBER: "b2"}
UP = {unit: UnitState(True, True, False, mark) for unit, mark in MARKS.items()}
GOOD = "groups: [{name: a, rules: [{record: 'a:b:c', expr: up}]}]\n"
pytestmark = pytest.mark.skipif(os.getuid() != 0, reason="needs root")


class Monitor:
    """A folder for /etc/prometheus/firstlight; programs that load what its link names."""

    def __init__(self, tmp_path: Path, stubs: Stubs, site: LoadSite) -> None:
        self.base, self.stubs, self.stages = tmp_path / "base", stubs, tmp_path / "stages"
        self.current, self.runs, self.site = self.base / "current", tmp_path / "runs", site
        take = f'basename "$(readlink {self.current})" >{self.runs}'
        self.processes = [
            subprocess.Popen(["sleep", "120"], env={"FIRSTLIGHT_DROP_IN": mark})
            for mark in MARKS.values()
        ]
        pids = [str(process.pid) for process in self.processes]
        stubs.add("journalctl", "echo last words")
        stubs.add("curl", f"printf firstlight-release-; cat {self.runs} 2>/dev/null")
        stubs.add(
            "systemctl",
            f'case "$*" in "show -p MainPID"*blackbox*) echo {pids[1]};; "show -p MainPID"*) '
            f"echo {pids[0]};; restart*|reload*) {take};; esac",
        )

    def release(self, rules: str = GOOD) -> MonitorRelease:
        each = self.site()
        return release_of(each["watch1"], each, {"a.yml": rules})

    def deploy(
        self, release: MonitorRelease, marks: dict[str, str] = MARKS
    ) -> subprocess.CompletedProcess[str]:
        folder = self.base / "releases" / release.name
        facts: dict[type, Any] = {
            PrometheusState: Prometheus(written=(folder / ".complete").exists())
        }
        done = None
        for command in commands(watching, facts, release=release, marks=marks)[0]:
            places = {BASE: self.base, "/run/firstlight": self.stages}
            raw = command.get_raw_value()
            instead = {path: place for path, place in places.items() if path in raw}
            done = run(command, self.stubs.env, instead)
            if done.returncode:
                break
        assert done is not None
        return done

    @property
    def releases(self) -> set[str]:
        return {each.name for each in (self.base / "releases").iterdir()}


@pytest.fixture
def monitor(tmp_path: Path, stubs: Stubs, site: LoadSite) -> Iterator[Monitor]:
    made = Monitor(tmp_path, stubs, site)
    yield made
    for process in made.processes:
        process.kill()
        process.wait()


def test_what_is_loaded_is_left_alone(monitor: Monitor) -> None:
    release = monitor.release()
    name = release.name
    have = Prometheus(name, name, name, written=True, left=True, units=UP)
    wanted: dict[str, Any] = {"release": release, "marks": MARKS}
    assert converged(watching, {PrometheusState: have}, **wanted)
    other = {**UP, UNIT: UnitState(True, True, False, "a0")}
    for state, steps in (
        (Prometheus(), 3),
        (Prometheus(name, "old", name, written=True, units=UP), 1),
        (Prometheus(name, name, "old", written=True, units=UP), 1),
        (Prometheus(name, name, name, written=True, units=other), 1),
        (Prometheus(name, name, name, written=False, units=UP), 3),
    ):
        assert len(commands(watching, {PrometheusState: state}, **wanted)[0]) == steps


def test_only_another_drop_in_starts_them_anew(monitor: Monitor) -> None:
    first, second = monitor.release(), monitor.release(GOOD + "\n")
    done = monitor.deploy(first)
    assert done.returncode == 0, done.stderr
    assert monitor.releases == {first.name}
    folder = monitor.base / "releases" / first.name
    assert (folder / "monitor.key").stat().st_mode & 0o777 == 0o640
    assert (folder / "monitor.key").group() == "prometheus" and folder.group() == "prometheus"
    monitor.stubs.forget()
    assert monitor.deploy(second).returncode == 0
    changes = {"systemctl reload", "systemctl restart"}
    calls = [call for call in monitor.stubs.calls("systemctl") if call[:16].strip() in changes or call[:17].strip() in changes]  # fmt: skip
    assert calls == [f"systemctl reload {PROBER}", f"systemctl reload {UNIT}"]
    # The keys of before are gone with their release.
    assert monitor.releases == {second.name} and monitor.runs.read_text().strip() == second.name
    monitor.stubs.forget()
    assert monitor.deploy(second, {**MARKS, UNIT: "a3"}).returncode == 0
    calls = monitor.stubs.calls("systemctl")
    assert f"systemctl restart {UNIT}" in calls and f"systemctl reload {PROBER}" in calls


def test_what_promtool_refuses_changes_nothing(monitor: Monitor) -> None:
    first = monitor.release()
    assert monitor.deploy(first).returncode == 0
    monitor.stubs.forget()
    done = monitor.deploy(monitor.release(GOOD.replace("expr: up", "expr: 'sum(up'")))
    assert done.returncode == 1
    said = done.stderr.splitlines()
    assert said[0].startswith("rules/a.yml: 1:") and "unclosed left parenthesis" in said[0]
    assert "what runs was left as it is" in done.stderr and "SUCCESS" not in done.stderr
    assert monitor.releases == {first.name} and monitor.stubs.calls("systemctl") == []


def test_what_does_not_load_is_taken_back(
    monitor: Monitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(operations, "LOAD_SECONDS", 1)
    first = monitor.release()
    assert monitor.deploy(first).returncode == 0
    monitor.stubs.add("curl", "echo firstlight-release-0")
    done = monitor.deploy(monitor.release(GOOD + "\n"))
    assert done.returncode == 1 and "last words" in done.stderr
    assert monitor.current.readlink().name == first.name
    assert monitor.runs.read_text().strip() == first.name


def test_what_is_written_is_read_back(monitor: Monitor) -> None:
    release = monitor.release()
    assert monitor.deploy(release).returncode == 0
    folder = monitor.base / "releases" / release.name
    asked: dict[str, Any] = {
        "current": str(monitor.current), "folder": str(folder), "digest": release.digest,
        "variable": "FIRSTLIGHT_DROP_IN", "mark": "firstlight-release-",
        "gate": "gate.firstlight.internal", "files": tuple(sorted(release.files)),
    }  # fmt: skip

    def seen() -> Prometheus:
        found: Prometheus = gather(PrometheusState, monitor.stubs.env, **asked)
        return found

    have = seen()
    assert (have.current, have.loaded, have.probing) == (release.name,) * 3
    assert have.left and {unit: state.mark for unit, state in have.units.items()} == MARKS
    # The digest is of the files as they were given, the paths in them are this test's.
    text = (folder / "blackbox.yml").read_text().replace(str(monitor.base), BASE)
    (folder / "blackbox.yml").write_text(text)
    assert seen().written
    (folder / "probe.key").chmod(0o644)
    assert not seen().written
    (folder / "probe.key").chmod(0o640)
    (folder / "web.yml").write_text("changed by hand\n")
    assert not seen().written


def test_what_is_left_is_ended(monitor: Monitor, tmp_path: Path) -> None:
    assert converged(retired, {PrometheusState: Prometheus()})
    assert monitor.deploy(monitor.release()).returncode == 0
    (command,) = commands(retired, {PrometheusState: Prometheus(left=True)})[0]
    drop_in = tmp_path / "prometheus.service.d/firstlight.conf"
    drop_in.parent.mkdir()
    drop_in.write_text("x")
    prober = {DROP_INS[PROBER]: tmp_path / "none/firstlight.conf"}
    instead = {BASE: monitor.base, DROP_INS[UNIT]: drop_in, **prober}
    assert run(command, monitor.stubs.env, instead).returncode == 0
    assert not monitor.base.exists() and not drop_in.parent.exists()
    assert f"systemctl disable --quiet --now {UNIT}" in monitor.stubs.calls("systemctl")
