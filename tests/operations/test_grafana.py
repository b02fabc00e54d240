"""Grafana on a host: started, proven, given the site's password, removed when nobody wants it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from firstlight.facts.grafana import GrafanaState, Running
from firstlight.monitor.grafana import DATA, FOLDER, URL
from firstlight.operations.grafana import MARK, PROOF, dashboards_served, retired
from firstlight.operations.grafana import UNIT as NAME
from roles.grafana import unit
from tests.operations.play import commands, converged, run
from tests.stubs import Stubs

IMAGE = f"docker.io/grafana/grafana@sha256:{'a' * 64}"
WANTED: dict[str, Any] = {
    "spec": "spec",
    "proven": "all",
    "folder": FOLDER,
    "url": URL,
    "names": ["one.json", "two.json"],
}
SERVES = Running(there=True, active=True, spec="spec", proven="all")
PYTHON = 'echo "$*" >>{log}; n=$(wc -l <{log}); exit $(echo {codes} | cut -d" " -f"$n")'

pytestmark = pytest.mark.skipif(os.getuid() != 0, reason="needs root")


class Monitor:
    """A folder with what Grafana reads, a systemd and a Docker that write down what they do."""

    def __init__(self, tmp_path: Path, stubs: Stubs) -> None:
        self.folder, self.mark, self.stubs = tmp_path / "grafana", tmp_path / "proven", stubs
        self.unit, self.asked, self.log = tmp_path / NAME, tmp_path / "asked", tmp_path / "log"
        (self.folder / "dashboards").mkdir(parents=True)
        (self.folder / "admin-password").write_text("the sites own\n")
        for name in ("one.json", "two.json", "gone.json"):
            (self.folder / "dashboards" / name).touch()
        stubs.add("systemctl", f'echo "$*" >>{self.log}')
        stubs.add("docker", f'echo "$*" >>{self.log}; cat >>{self.log} </dev/stdin')
        stubs.add("journalctl", "echo last words")

    def deploy(self, have: Running, *codes: int, operation: Any = None) -> tuple[int, str]:
        """Run the operation where proofs end with ``codes``."""
        self.asked.unlink(missing_ok=True)
        words = " ".join(map(str, codes))
        self.stubs.add("python3", PYTHON.format(log=self.asked, codes=words))
        wanted = WANTED if operation is None else {"folder": FOLDER}
        done: subprocess.CompletedProcess[str] | None = None
        for command in commands(operation or dashboards_served, {GrafanaState: have}, **wanted)[0]:
            raw = command.get_raw_value()
            places = {
                FOLDER: self.folder,
                MARK: self.mark,
                "/etc/systemd/system/$unit": self.unit,
            }
            instead = {path: place for path, place in places.items() if path in raw}
            done = run(command, self.stubs.env, instead)
        assert done is not None
        return done.returncode, done.stderr

    @property
    def done(self) -> str:
        return self.log.read_text()


@pytest.fixture
def monitor(tmp_path: Path, stubs: Stubs) -> Monitor:
    return Monitor(tmp_path, stubs)


def test_converged() -> None:
    assert converged(dashboards_served, {GrafanaState: SERVES}, **WANTED)
    assert converged(retired, {GrafanaState: Running()}, folder=FOLDER)


def test_a_first_one_is_proven_and_others_files_go(monitor: Monitor) -> None:
    assert monitor.deploy(Running(), 0) == (0, "")
    assert monitor.mark.read_text() == "all\n" and f"restart {NAME}" in monitor.done
    assert monitor.asked.read_text().split() == ["-I", PROOF, URL, str(monitor.folder)]
    left = sorted(path.name for path in (monitor.folder / "dashboards").iterdir())
    assert left == ["one.json", "two.json"]


def test_other_dashboards_are_proven_without_a_restart(monitor: Monitor) -> None:
    have = Running(there=True, active=True, spec="spec", proven="others")
    assert monitor.deploy(have, 0)[0] == 0
    assert "restart" not in monitor.done and f"start {NAME}" in monitor.done


def test_another_password_is_set_from_the_file(monitor: Monitor) -> None:
    code, said = monitor.deploy(Running(), 3, 0)
    assert code == 0 and "set to the site's" in said
    reset = next(line for line in monitor.done.splitlines() if "reset-admin" in line)
    assert reset.endswith("--password-from-stdin") and "sites" not in reset
    assert "the sites own" in monitor.done, "on stdin"


@pytest.mark.parametrize("codes", [(1,), (3, 3), (3, 1)])
def test_what_is_not_proven_is_an_error_and_asked_again(
    monitor: Monitor, codes: tuple[int, ...]
) -> None:
    monitor.mark.write_text("old")
    code, said = monitor.deploy(Running(), *codes)
    assert code != 0 and "last words" in said and "does not serve the dashboards" in said
    assert not monitor.mark.exists()
    again = Running(there=True, active=True, spec="spec", proven="")
    assert not converged(dashboards_served, {GrafanaState: again}, **WANTED)


def test_its_unit_has_to_start(monitor: Monitor) -> None:
    monitor.stubs.add("systemctl", '[ "$1" != restart ]')
    code, said = monitor.deploy(Running(), 0)
    assert code != 0 and "last words" in said and not monitor.asked.exists()


def test_a_retired_one_leaves_its_data(monitor: Monitor) -> None:
    monitor.unit.touch()
    assert monitor.deploy(SERVES, operation=retired)[0] == 0
    assert not monitor.folder.exists() and not monitor.unit.exists()
    assert "disable --quiet --now" in monitor.done and "rm --force" in monitor.done


def test_the_container_has_nothing_that_it_does_not_need() -> None:
    text = unit(IMAGE, "spec")
    for words in (
        "--cap-drop ALL", "--security-opt no-new-privileges", "--read-only", "--network host",
        f"--volume {FOLDER}:/etc/grafana:ro", f"--volume {DATA}:/var/lib/grafana", IMAGE,
        "--label firstlight.spec=spec", "grafana.hosts:/etc/hosts:ro",
        "fetch-fence up grafana /etc/firstlight/grafana/reach.json firstlight-grafana",
    ):  # fmt: skip
        assert words in text, words
    assert "password" not in text and "--env" not in text
