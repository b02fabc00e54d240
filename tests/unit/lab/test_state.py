"""A lab written down and read back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from firstlight.errors import FirstlightError
from firstlight.lab import identity, manifest
from firstlight.lab.state import HostEntry, Rack, checked_name, read_json, write_json


def make(checkout: Path) -> Rack:
    return Rack(
        name="t",
        checkout=checkout,
        cidr="10.201.7.0/24",
        lib_dir=checkout / "lib",
        hosts={"lab1": HostEntry("10.201.7.11", "trixie")},
        extras={"registry": {"address": "10.201.7.1:5000", "ca": "x"}, "images": {"a": "b"}},
    )


def test_round_trip(tmp_path: Path) -> None:
    rack = make(tmp_path)
    manifest.save(rack)
    again = manifest.load(tmp_path, "t")
    assert again is not None
    assert (again.hosts, again.extras, again.cidr) == (rack.hosts, rack.extras, rack.cidr)
    assert (again.address, again.bridge) == ("10.201.7.1", f"fl{rack.id}")


def test_a_host_keeps_its_gpus_and_one_without_is_described_as_ever(tmp_path: Path) -> None:
    rack = make(tmp_path)
    rack.hosts["lab2"] = HostEntry("10.201.7.12", "trixie", "8xh100")
    manifest.save(rack)
    again = manifest.load(tmp_path, "t")
    assert again is not None
    assert again.hosts == rack.hosts
    described = manifest.lab_json(rack)["hosts"]
    assert described["lab1"] == {"address": "10.201.7.11", "suite": "trixie"}


def test_the_file_has_paths_relative_to_the_checkout_and_is_private(tmp_path: Path) -> None:
    rack = make(tmp_path)
    manifest.save(rack)
    path = manifest.lab_file(tmp_path, "t")
    data = json.loads(path.read_text())
    assert data["ssh"]["key"] == ".firstlight/t/ssh/id_ed25519"
    assert data["network"] == {
        "bridge": rack.bridge,
        "address": "10.201.7.1",
        "cidr": "10.201.7.0/24",
    }
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_a_copied_checkout_is_not_the_same_lab(tmp_path: Path) -> None:
    rack = make(tmp_path / "a b")
    rack.checkout.mkdir()
    manifest.save(rack)
    (tmp_path / "copy").mkdir()
    (rack.checkout / ".firstlight").rename(tmp_path / "copy" / ".firstlight")
    assert manifest.load(tmp_path / "copy", "t") is None


def test_a_damaged_file_is_one_clear_error(tmp_path: Path) -> None:
    rack = make(tmp_path)
    manifest.save(rack)
    data = read_json(manifest.lab_file(tmp_path, "t")) or {}
    del data["network"]
    write_json(manifest.lab_file(tmp_path, "t"), data)
    with pytest.raises(FirstlightError, match="not understood"):
        manifest.load(tmp_path, "t")


def test_a_lab_is_known_to_the_machine_too(tmp_path: Path) -> None:
    rack = make(tmp_path)
    rack.machine_dir.mkdir(parents=True)
    manifest.save(rack)
    (known,) = manifest.on_machine(rack.lib_dir)
    assert known.id == identity.lab_id(tmp_path, "t")
    assert known.hosts == rack.hosts


@pytest.mark.parametrize("name", ["", "../x", "Lab", "a b", "-x", "x" * 21, "ü"])
def test_names_that_cannot_be_folders_are_refused(name: str) -> None:
    with pytest.raises(FirstlightError):
        checked_name(name)
