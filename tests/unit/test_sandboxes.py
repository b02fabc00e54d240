"""Units of ours that start no container are fenced in, by systemd's own judgement of each."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import jinja2
import pytest

from firstlight.rendering import TEMPLATES

FOLDER = TEMPLATES / "etc/systemd/system"
THRESHOLD = 30
"""An exposure of 3.0; systemd counts in tenths."""
OFFLINE_SINCE = 250
LAUNCHERS = {
    "firstlight-engine": "runs docker: what is fenced in is the container, by docker run's flags",
    "firstlight-grafana": "runs docker, too",
    "firstlight-guard": "runs docker, too",
    "firstlight-gpu-exporter": "runs docker, too",
    "firstlight-oauth2-proxy": "runs docker, too",
}
"""Units that start a container, whose sandbox would be the docker client's, and why that is so."""
DROP_INS = {
    "logrotate.timer.d": "a timer of the distribution's: when it runs",
    "nginx.service.d": "the distribution's nginx: which configuration it reads",
    "nvidia-cdi-refresh.service.d": "NVIDIA's unit: when it runs",
    "prometheus-alertmanager.service.d": "the distribution's: loopback, no cluster, a sandbox",
    "prometheus.service.d": "the distribution's Prometheus: its arguments, bounds and a sandbox",
    "prometheus-blackbox-exporter.service.d": "the distribution's, too: the same",
    "prometheus-node-exporter.service.d": "the distribution's: what it measures, and for whom",
}
"""Additions to units of other people, whose sandbox is theirs."""


def stem(path: Path) -> str:
    return path.name.removesuffix(".j2").removesuffix(".service").removesuffix("@")


SERVICES = sorted(path for path in FOLDER.iterdir() if ".service" in path.name and path.is_file())
FENCED = [path for path in SERVICES if stem(path) not in LAUNCHERS]


def systemd() -> str:
    """systemd-analyze, where it can judge a unit that is not installed."""
    program = shutil.which("systemd-analyze")
    if program is not None:
        said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
        found = re.match(r"systemd (\d+)", said.stdout)
        if found and int(found[1]) >= OFFLINE_SINCE:
            return program
    if os.environ.get("CI") == "true":
        pytest.fail(f"the judge is missing: systemd-analyze of systemd {OFFLINE_SINCE} or newer")
    pytest.skip(f"no systemd-analyze of systemd {OFFLINE_SINCE} or newer here")


def filled(path: Path) -> str:
    """The template with its own names as values: no value makes a sandbox."""
    environment = jinja2.Environment(undefined=jinja2.DebugUndefined)
    text = environment.from_string(path.read_text()).render()
    return re.sub(r"\{\{.*?\}\}", "value", text)


def test_each_unit_is_ours_to_judge() -> None:
    """A launcher says in its text that it is one, and nothing else hides among them."""
    assert len(FENCED) >= 5
    for path in SERVICES:
        starts = re.search(
            r"^ExecStart=.*(\{\{ run \}\}|\{\{ words \}\}|docker)", path.read_text(), re.M
        )
        assert bool(starts) == (stem(path) in LAUNCHERS), path.name
    folders = {path.name for path in FOLDER.iterdir() if path.is_dir()}
    assert folders <= set(DROP_INS), "a new drop-in: whose unit is it, and what does it change?"


@pytest.mark.parametrize("path", FENCED, ids=stem)
def test_what_starts_no_container_is_fenced_in(path: Path, tmp_path: Path) -> None:
    unit = tmp_path / path.name.removesuffix(".j2")
    unit.write_text(filled(path))
    words = [systemd(), "security", "--no-pager", "--offline=true", f"--threshold={THRESHOLD}"]
    done = subprocess.run(
        [*words, str(unit)], capture_output=True, text=True, timeout=60, check=False
    )
    assert "Overall exposure level" in done.stdout, done.stderr
    assert done.returncode == 0, "\n".join(
        line for line in done.stdout.splitlines() if "✗" in line or "Overall" in line
    )


def test_the_judge_would_not_pass_a_unit_without_a_fence(tmp_path: Path) -> None:
    unit = tmp_path / "open.service"
    unit.write_text("[Service]\nExecStart=/bin/true\n")
    words = [systemd(), "security", "--no-pager", "--offline=true", f"--threshold={THRESHOLD}"]
    done = subprocess.run([*words, str(unit)], capture_output=True, timeout=60, check=False)
    assert done.returncode == 1
