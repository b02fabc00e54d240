"""The program as it runs on a host, from its one file."""

from __future__ import annotations

import ast
import json
import socket
import subprocess
import sys
import urllib.request
import zipfile
from pathlib import Path

import pytest

from firstlight.exporter import bundle, gpus, program, spec
from firstlight.exporter.node import ADDRESS, PORT, words
from firstlight.lab.packages import ensure
from tests.unit.exporter.machine import SPEC, Machine
from tests.unit.exporter.test_page import PROMTOOL

NODE = "/usr/bin/prometheus-node-exporter"


def specified(machine: Machine) -> Path:
    file = machine.state / "facts.json"
    metrics = machine.state / "metrics"
    metrics.mkdir()
    told = {**SPEC, "state": str(machine.state), "metrics": str(metrics)}
    file.write_text(json.dumps(told))
    machine.put("/proc/sys/kernel/random/boot_id", "boot\n")
    for name in ("systemctl", "nft", "nvidia-smi", "modinfo", "journalctl"):
        machine.stubs.add(name)
    return file


def test_one_part_that_fails_hides_no_other(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = specified(machine)
    machine.gpu("0000:01:00.0")
    assert program.main([str(file)], machine.root) == 0
    page = machine.state / "metrics" / program.FILE
    assert 'firstlight_facts_failed{part="gpus"} 0' in page.read_text()

    def broken(*_: object) -> None:
        raise ZeroDivisionError("no such card")

    monkeypatch.setattr(gpus, "told", broken)
    assert program.main([str(file)], machine.root) == 1
    assert 'firstlight_facts_failed{part="gpus"} 1' in page.read_text()
    assert "firstlight_firewall_present 0" in page.read_text()
    assert "gpus: ZeroDivisionError: no such card" in capsys.readouterr().err


def test_it_keeps_what_it_counted_to_itself(machine: Machine) -> None:
    file = specified(machine)
    program.main([str(file)], machine.root)
    state = machine.state / program.STATE
    assert json.loads(state.read_text())["xids"]["boot"] == "boot"
    assert state.stat().st_mode & 0o777 == 0o600


def test_its_page_is_one_that_prometheus_takes(machine: Machine) -> None:
    """With the names of a real host's page, as far as this machine has something to tell."""
    ensure(print, {"prometheus": PROMTOOL})
    file = specified(machine)
    machine.gpu("0000:01:00.0")
    log = "1.5 h kernel: NVRM: Xid (PCI:0000:01:00): 79, x"
    machine.stubs.add("journalctl", f"echo '{log}'; echo '-- cursor: s=1'")
    program.main([str(file)], machine.root)
    text = (machine.state / "metrics" / program.FILE).read_text()
    assert "firstlight_xid_total" in text
    done = subprocess.run(
        [PROMTOOL, "check", "metrics"], input=text, capture_output=True, text=True, timeout=30,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_it_runs_from_its_one_file(machine: Machine, tmp_path: Path) -> None:
    file = specified(machine)
    (tmp_path / "facts.pyz").write_bytes(bundle.build())
    command = [sys.executable, "-I", str(tmp_path / "facts.pyz"), str(file)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    text = (machine.state / "metrics" / program.FILE).read_text()
    assert "firstlight_facts_time_seconds" in text, done.stderr


def test_what_travels_needs_nothing_else(tmp_path: Path) -> None:
    """Standard library alone, and Python 3.9: what a host has."""
    (tmp_path / "facts.pyz").write_bytes(bundle.build())
    with zipfile.ZipFile(tmp_path / "facts.pyz") as archive:
        for name in archive.namelist():
            tree = ast.parse(archive.read(name), name, feature_version=(3, 9))
            for node in ast.walk(tree):
                modules = [each.name for each in node.names] if isinstance(node, ast.Import) else []
                modules += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
                for module in modules:
                    top = module.split(".")[0]
                    assert top in sys.stdlib_module_names or top == "firstlight", (name, module)
                    if module.startswith("firstlight.") and isinstance(node, ast.ImportFrom):
                        inside = [
                            f"{module.replace('.', '/')}/{each.name}.py" for each in node.names
                        ]
                        inside.append(f"{module.replace('.', '/')}.py")
                        assert set(inside) & set(archive.namelist()), (name, module)


def test_node_exporter_takes_its_words_and_shows_the_page(tmp_path: Path) -> None:
    """The real program, of the oldest version that a host may have."""
    ensure(print, {"prometheus-node-exporter": NODE})
    (tmp_path / "facts.prom").write_text("firstlight_facts_time_seconds 1795286937\n")
    with socket.socket() as free:
        free.bind((ADDRESS, 0))
        port = free.getsockname()[1]
    command = [
        word.replace(f"{ADDRESS}:{PORT}", f"{ADDRESS}:{port}").replace(spec.METRICS, str(tmp_path))
        for word in words()
    ]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr is not None
        for line in process.stderr:
            if "TLS is disabled" in line:
                break
        with urllib.request.urlopen(f"http://{ADDRESS}:{port}/metrics", timeout=10) as answer:
            text = answer.read().decode()
    finally:
        process.terminate()
        process.wait(10)
    assert "\nfirstlight_facts_time_seconds 1.795286937e+09\n" in text
    assert "\nnode_filesystem_avail_bytes{" in text and "\nnode_cpu_seconds_total{" in text
    assert "\ngo_" not in text
