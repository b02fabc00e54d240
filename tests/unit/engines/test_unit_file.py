"""The unit's text, read by systemd itself where it is installed."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from firstlight.settings import Model
from roles.engine import GROWING_DELAY_SINCE, WATCH, unit_text
from tests.unit.engines.words import split
from tests.units import unit_of

Make = Callable[..., Model]
PYTHON = "/usr/bin/python3"
NASTY = "a 'quoted' \"value\" $HOME ${X} 100% \\n"


def settings_of(text: str) -> dict[str, str]:
    """Return the settings by name; of those given twice the last."""
    joined = re.sub(r"\\\n", "\\\\\0", text)
    lines = [line for line in joined.split("\n") if "=" in line and not line.startswith("#")]
    return {key: rest.replace("\0", "\n") for key, _, rest in (x.partition("=") for x in lines)}


def test_the_command_survives_the_unit(model: Make) -> None:
    unit = unit_of(model(args={"chat-template": NASTY}))
    assert split(settings_of(unit_text(unit, 257, PYTHON))["ExecStart"]) == unit.run()
    assert NASTY in unit.run()


@pytest.mark.parametrize(
    ("systemd", "grows"), [(249, False), (253, False), (254, True), (257, True)]
)
def test_growing_delays_only_where_systemd_knows_them(
    model: Make, systemd: int, grows: bool
) -> None:
    text = unit_text(unit_of(model()), systemd, PYTHON)
    assert ("RestartSteps=" in text) is ("RestartMaxDelaySec=" in text) is grows
    assert GROWING_DELAY_SINCE == 254


def test_what_systemd_needs_to_do_it_right(model: Make) -> None:
    unit = unit_of(model(start_timeout=600, drain_timeout=100))
    text = unit_text(unit, 257, PYTHON)
    found = settings_of(text)
    # A crashed vLLM exits 0.
    assert found["Restart"] == "always"
    assert int(found["TimeoutStartSec"]) == 600
    assert int(found["TimeoutStopSec"]) > unit.stop_seconds > 100
    assert found["ExecStop"] == f"-{PYTHON} -I {WATCH} drain {unit.watch_file}"
    # Five quick failures with delays up to two minutes are a loop; five crashes in a day are not.
    assert 5 * 120 < int(found["StartLimitIntervalSec"]) <= 900
    assert found["StartLimitBurst"] == "5"
    assert [found["AssertPathExists"]] == unit.done_markers
    shown, proven = (line for line in text.splitlines() if line.startswith("ExecStartPost="))
    assert shown == f"ExecStartPost={PYTHON} -I {WATCH} await {unit.watch_file} $MAINPID"
    # Only what has shown a token is what an upgrade that was cut off does not take back.
    assert proven.endswith(f" -f /var/lib/firstlight/engines/{unit.instance.name}/unproven")
    # At boot the weights' own disk may come late.
    assert found["RequiresMountsFor"] == "/srv/models"
    assert found["WantedBy"] == "multi-user.target docker.service"


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is missing")
@pytest.mark.parametrize("change", [{}, {"args": {"x": NASTY}}, {"engine": "vllm"}])
def test_systemd_reads_it_without_a_complaint(
    model: Make, tmp_path: Path, change: dict[str, Any]
) -> None:
    unit = unit_of(model(**change))
    program = tmp_path / "bin/program"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    text = unit_text(unit, 249, PYTHON)
    for path in ("/usr/bin/docker", PYTHON):
        text = text.replace(path, str(program))
    (tmp_path / unit.name).write_text(text)
    # Only that another unit is not installed here may be complained about.
    (tmp_path / "docker.service").write_text(f"[Service]\nExecStart={program}\n")
    command = ["systemd-analyze", "verify", "--man=no", str(tmp_path / unit.name)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    ours = [line for line in done.stderr.splitlines() if unit.name in line or "Unknown" in line]
    assert ours == []
