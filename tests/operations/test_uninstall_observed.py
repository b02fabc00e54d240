"""What observes goes without ever listening openly, in its order, and leaves nothing of ours."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from firstlight.catalogue import systems
from firstlight.exporter import node
from firstlight.facts.alertmanager import Alerting, AlertmanagerState
from firstlight.facts.exporters import Exporters, ExporterState
from firstlight.facts.grafana import GrafanaState
from firstlight.facts.manifest import Entry, Unit
from firstlight.facts.prometheus import Prometheus, PrometheusState
from firstlight.monitor import alertmanager as telling
from firstlight.monitor import grafana as showing
from firstlight.monitor.release import BASE
from firstlight.monitor.service import DROP_INS, UNITS
from firstlight.operations import alertmanager, exporters, prometheus
from firstlight.removal import decided, to_switch
from roles import uninstall
from roles.owned import everything
from tests.facts.shell import gather
from tests.operations.play import commands, run
from tests.stubs import Stubs

OBSERVE = ("alertmanager", "dcgm", "ended", "exporters", "grafana", "logs", "prometheus")
STAYS = {
    "/var/lib/prometheus/alertmanager/": "goes with its package: /var/lib/prometheus",
    "/var/log/journal/remote/": "journals of hosts, which docs/uninstall.md says",
}
LISTEN = {  # by itself the package's unit answers everybody
    "prometheus": (
        prometheus.retired,
        {PrometheusState: Prometheus(left=True)},
        dict(DROP_INS),
        [BASE],
    ),
    "alertmanager": (
        alertmanager.retired,
        {AlertmanagerState: Alerting(left=True)},
        {telling.UNIT: f"{alertmanager.DROP_IN}/firstlight.conf"},
        [telling.FOLDER],
    ),
    "exporters": (
        exporters.retired,
        {ExporterState: Exporters(there=(node.UNIT,))},
        {node.UNIT: exporters.DROP_IN},
        [],
    ),
}
PLACES = (
    "/etc/firstlight",
    "/etc/prometheus/firstlight",
    "/usr/local/lib/firstlight",
    "/var/lib/firstlight",
)
# systemd's own part in it: a unit that is stopped and disabled while its drop-in is there.
SYSTEMCTL = """
for unit in "$@"; do
  [ -e "{disk}/$unit.d/firstlight.conf" ] || continue
  case "$*" in *disable*--now*) : >"{disk}/$unit.ended" ;; esac
done
"""


@pytest.mark.parametrize("role", LISTEN)
def test_nobody_listens_openly_once_the_drop_in_is_gone(
    role: str, tmp_path: Path, stubs: Stubs
) -> None:
    operation, facts, drop_ins, folders = LISTEN[role]
    disk = tmp_path / "disk"
    stubs.add("systemctl", SYSTEMCTL.format(disk=disk))
    for unit, path in drop_ins.items():
        assert path == f"/etc/systemd/system/{unit}.d/firstlight.conf"
        folder = disk / f"{unit}.d"
        folder.mkdir(parents=True)
        (folder / "firstlight.conf").write_text("[Service]")
        (folder / "override.conf").write_text("theirs")
    for path in folders:
        (disk / path[1:]).mkdir(parents=True)
    ((command,), _) = commands(operation, facts)
    text = command.get_raw_value()
    instead: dict[str, object] = {path: disk / path[1:] for path in PLACES if path in text}
    assert run(command, stubs.env, {"/etc/systemd/system": disk, **instead}).returncode == 0
    for unit in drop_ins:
        assert (disk / f"{unit}.ended").exists(), f"{unit} ran on without its drop-in"
        assert [each.name for each in (disk / f"{unit}.d").iterdir()] == ["override.conf"]
    assert not any((disk / path[1:]).exists() for path in folders)


@pytest.mark.parametrize("left", ["folder", "unit"])
@pytest.mark.parametrize("role", ["alertmanager", "grafana"])
def test_what_a_cut_off_run_left_is_seen(
    role: str, left: str, tmp_path: Path, stubs: Stubs
) -> None:
    """A drop-in without a configuration, secrets without the unit that reads them."""
    units, own = tmp_path / "units", tmp_path / "own"
    unit, folder = f"{role}.service", str(own)
    there = units / (unit if role == "grafana" else f"{unit}.d/firstlight.conf")
    (own if left == "folder" else there).mkdir(parents=True)
    for name in ("systemctl", "curl"):
        stubs.add(name)
    if role == "grafana":
        places = {"/etc/systemd/system": units, showing.FOLDER: own}
        words = {"unit": unit, "container": "none", "label": "none", "mark": "/none"}
        assert gather(GrafanaState, stubs.env, places, **words).there
    else:
        words = {"unit": unit, "url": "http://127.0.0.1:1", "folder": folder}
        assert gather(AlertmanagerState, stubs.env, {"/etc/systemd/system": units}, **words).left


def test_their_packages_units_are_off_afterwards_unless_they_were_on() -> None:
    """A unit that an upgrade of its package could start is off; that of an operator's own is not."""
    seen = uninstall.traces(systems()["debian 13"]).units
    for unit in (*UNITS, telling.UNIT, node.UNIT):
        assert unit in seen
        left = Unit(unit, ("-", "-"), ("enabled", "inactive"))
        assert to_switch([left], ()) == [("disable", unit)]
        theirs = Unit(unit, ("enabled", "active"), ("disabled", "inactive"))
        assert to_switch([theirs], ()) == [("enable", unit), ("start", unit)]


class Steps:
    """Stands for a module of operations, and notes which were called."""

    def __init__(self, name: str, called: list[tuple[str, dict[str, Any]]]) -> None:
        self._name, self._called = name, called

    def __getattr__(self, operation: str) -> Callable[..., None]:
        return lambda **named: self._called.append((f"{self._name}.{operation}", named))


@pytest.fixture
def called(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict[str, Any]]]:
    found: list[tuple[str, dict[str, Any]]] = []
    for name in ("alertmanager", "prometheus", "grafana", "logs", "gpu_exporter", "exporters"):
        monkeypatch.setattr(uninstall, name, Steps(name, found))
    return found


def test_nobody_is_told_of_what_is_taken_away(called: list[tuple[str, dict[str, Any]]]) -> None:
    uninstall.unwatched()
    names = [name for name, _ in called]
    assert names[:2] == ["alertmanager.retired", "prometheus.retired"]
    assert names[-2:] == ["gpu_exporter.retired", "exporters.retired"]
    assert sorted(names) == sorted(set(names)) and len(names) == 6


def test_nothing_of_ours_is_left(called: list[tuple[str, dict[str, Any]]]) -> None:
    """Each path that these roles own is taken away by its role, by its name, or stays by intent."""
    uninstall.unwatched()
    (paths,) = [named["paths"] for name, named in called if name == "logs.retired"]
    taken = [*paths, *(path for _, _, drop_ins, _ in LISTEN.values() for path in drop_ins.values())]
    owned = everything()
    for role in OBSERVE:
        for path in owned[role].files:
            if path in STAYS:
                continue
            now = "755 root:root" if path.endswith("/") else "ours"
            action = decided(Entry(path.rstrip("/"), "owned", now))
            goes = action is not None and action.kind in ("tree", "unit", "remove")
            own_folder = path.startswith(("/etc/firstlight/", "/var/lib/firstlight/"))
            assert goes or own_folder or path.rstrip("/") in taken, f"{role}: {path} is left over"
    documented = (Path(__file__).parents[2] / "docs/uninstall.md").read_text()
    assert set(STAYS) <= {path for role in OBSERVE for path in owned[role].files}
    assert "/var/log/journal/remote" in documented and "/var/lib/prometheus" in documented
    assert "/var/lib/prometheus" in uninstall.DATA
