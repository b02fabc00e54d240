"""What the SIMULATED driver knows, its CDI specification, and the MIG devices of a GPU."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from firstlight.lab.gpus import hardware
from firstlight.lab.gpus.silicon import board, cdi, controls, driver, kernel, mig, nodes, table


@pytest.fixture
def loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> table.Table:
    """Eight H100 whose driver is loaded, in a folder of the test."""
    described = hardware.description("8xh100", "a/lab1")
    known = driver._table("580.178.04", board.gpus(described))
    path = tmp_path / "gpus.table"
    table.save(known, path)
    monkeypatch.setattr(controls.table, "load", lambda: table.parse(path.read_text()))
    monkeypatch.setattr(controls.table, "save", lambda made: path.write_text(table.render(made)))
    monkeypatch.setattr(mig.board, "read", lambda: described)
    monkeypatch.setattr(nodes, "node", lambda *words: None)
    return known


def now() -> table.Table:
    return controls.loaded()


def test_the_table_is_read_as_it_was_written(loaded: table.Table) -> None:
    assert now() == loaded
    assert loaded.gpus[1].bus == "00000000:11:00.0"
    assert (loaded.gpus[0].memory, loaded.gpus[0].fabric_state) == (81559, "In Progress")


def test_instances_are_made_until_the_gpu_is_full(loaded: table.Table) -> None:
    with pytest.raises(controls.RefusedError, match="No MIG-enabled devices"):
        mig.run("0", ["-cgi", "19"])
    controls.mig_mode("0", "1")
    mig.run("0", ["-cgi", "3g.40gb,9", "-C"])
    assert [(each.profile, each.compute) for each in now().migs] == [("3g.40gb", 0)] * 2
    with pytest.raises(controls.RefusedError, match="Insufficient Resources"):
        mig.run("", ["-cgi", "19", "-i", "0"])
    with pytest.raises(controls.RefusedError, match="In use by another client"):
        mig.run("0", ["-dgi"])
    mig.run("0", ["-dci"])
    mig.run("0", ["-dgi"])
    assert now().migs == []
    mig.run("0", ["-cgi", ",".join(["1g.10gb"] * 7), "-C"])
    assert len({each.uuid for each in now().migs}) == 7


def test_a_power_limit_is_bounded_by_the_card(loaded: table.Table) -> None:
    controls.power("0,2", "500")
    assert [gpu.power for gpu in now().gpus[:3]] == ["500.00", "700.00", "500.00"]
    with pytest.raises(controls.RefusedError, match=r"between 200\.00 W and 700\.00 W"):
        controls.power("0", "701")
    with pytest.raises(controls.RefusedError, match="No devices"):
        controls.power("8", "500")


def test_the_fabric_is_of_those_that_have_one(loaded: table.Table) -> None:
    controls.fabric("Completed", "Success")
    assert {gpu.fabric_status for gpu in now().gpus} == {"Success"}


def test_a_cut_gpu_is_offered_as_its_parts(loaded: table.Table) -> None:
    controls.mig_mode("0,1", "1")
    mig.run("0", ["-cgi", "9", "-C"])
    (part,) = now().migs
    lines = [f"GPU {gpu.index}: {gpu.name} (UUID: {gpu.uuid})" for gpu in now().gpus]
    lines.insert(1, f"  MIG 3g.40gb     Device  0: (UUID: {part.uuid})")
    made = cdi.specification(cdi.gpus_listed("\n".join(lines)))
    named = {each["name"]: each["containerEdits"]["deviceNodes"] for each in made["devices"]}
    assert {name for name in named if len(name) < 4} == {"0:0", *"234567", "all"}
    paths = [each["path"] for each in named[part.uuid]]
    assert paths == ["/dev/nvidia0", f"/dev/nvidia-caps/nvidia-cap{part.cap}"]
    text = cdi.yaml(made)
    assert yaml.safe_load(text) == made
    assert cdi.names(text) == cdi.names(json.dumps(made, indent=2))
    assert cdi.names(text)[0] == "nvidia.com/gpu=0:0"


def test_a_kernel_has_a_module_that_depmod_understands(tmp_path: Path) -> None:
    kernel.lay_out("6.1.2-x", tmp_path)
    if shutil.which("modinfo") is None:
        pytest.skip("kmod is not installed")
    words = ["modinfo", "-F", "description", str(tmp_path / "6.1.2-x" / kernel.OWN)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=20, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, "SIMULATED")
