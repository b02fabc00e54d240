"""What a host says of its exporters."""

from __future__ import annotations

from pathlib import Path

from firstlight.facts.exporters import Exporters, ExporterState
from tests.facts.shell import gather
from tests.stubs import Stubs

ASKED = {"node": "node.service", "service": "facts.service", "timer": "facts.timer"}


def test_a_host_without_any(tmp_path: Path, stubs: Stubs) -> None:
    stubs.add("systemctl", "exit 1")
    found = gather(
        ExporterState, stubs.env, {"/etc/systemd/system": tmp_path}, **ASKED, page="/not/there"
    )
    assert found == Exporters()


def test_what_runs(tmp_path: Path, stubs: Stubs) -> None:
    (tmp_path / "node.service.d").mkdir()
    for name in ("node.service.d/firstlight.conf", "facts.service", "facts.timer", "facts.prom"):
        (tmp_path / name).write_text("x")
    process = tmp_path / "proc" / "77"
    process.mkdir(parents=True)
    (process / "environ").write_bytes(b"PATH=/bin\0FIRSTLIGHT_MARK=m1\0HOME=/\0")
    stubs.add(
        "systemctl",
        'case "$*" in *MainPID*) echo 77;; *NeedDaemonReload*timer) echo yes;; *Need*) echo no;; esac',
    )
    instead = {"/etc/systemd/system": tmp_path, "/proc": tmp_path / "proc"}
    found = gather(ExporterState, stubs.env, instead, **ASKED, page=str(tmp_path / "facts.prom"))
    units = ("node.service", "facts.service", "facts.timer")
    assert found == Exporters(
        "m1", units, ("node.service", "facts.timer"), ("facts.timer",), told=True
    )
