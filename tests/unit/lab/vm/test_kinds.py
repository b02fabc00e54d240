"""Kinds of lab hosts: asked for, refused, and how a virtual machine is called."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from firstlight.errors import FirstlightError
from firstlight.lab import entries, kinds, manifest
from firstlight.lab.entries import Wanted
from firstlight.lab.state import HostEntry, Rack
from firstlight.lab.vm import able, accelerator, launch, tap


@pytest.fixture
def rack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Rack:
    monkeypatch.setattr(able, "refused", lambda: None)
    return Rack("t", tmp_path, "10.128.7.0/24")


def test_kinds_by_host() -> None:
    assert kinds.words(["vm", "lab2=nspawn"]) == {"": "vm", "lab2": "nspawn"}


@pytest.mark.parametrize("word", ["kvm", "lab2=", "host=vm", "lab0=vm"])
def test_words_that_are_no_kind(word: str) -> None:
    with pytest.raises(FirstlightError, match="not a kind of lab host"):
        kinds.words([word])


def test_a_lab_of_both_kinds(rack: Rack) -> None:
    entries.note(rack, ["lab1"], Wanted(kinds={"lab2": "vm"}), lambda text: None)
    assert {name: host.kind for name, host in rack.hosts.items()} == {
        "lab1": "nspawn",
        "lab2": "vm",
    }
    again = manifest.rack_from(manifest.lab_json(rack), rack.checkout)
    assert again.hosts == rack.hosts
    assert isinstance(kinds.of(again, "lab2", print), kinds.KINDS["vm"])
    assert "kind" not in rack.hosts["lab1"].described()


def test_a_host_stays_what_it_is(rack: Rack) -> None:
    said: list[str] = []
    entries.note(rack, ["lab1"], Wanted(), said.append)
    entries.note(rack, ["lab1"], Wanted(kinds={"": "vm"}), said.append)
    assert rack.hosts["lab1"].kind == "nspawn"
    assert said == ["lab1 stays of kind nspawn (a lab of another --name, or down --purge)"]


@pytest.mark.parametrize("changes", [{"suite": "bookworm"}, {"gpus": "rtx4090"}])
def test_virtual_machines_that_there_are_not(rack: Rack, changes: dict[str, str]) -> None:
    entry = replace(HostEntry("10.128.7.11", "trixie", kind="vm"), **changes)
    with pytest.raises(FirstlightError, match="no such virtual machine"):
        kinds.checked(entry)


def test_a_machine_that_can_run_none_says_why(rack: Rack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(able, "refused", lambda: "no tun here")
    with pytest.raises(FirstlightError, match="cannot run here") as refused:
        kinds.checked(HostEntry("10.128.7.11", "trixie", kind="vm"))
    assert refused.value.why == "no tun here"
    assert kinds.checked(HostEntry("10.128.7.11", "trixie"))


def test_why_none_can_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    there = tmp_path / "tun"
    monkeypatch.setattr(tap, "DEVICE", there)
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    assert "tun" in (able.refused() or "")
    there.touch()
    monkeypatch.setattr("shutil.which", lambda name: None)
    monkeypatch.setattr(able, "run", lambda *argv: "qemu-system-x86:\n  Candidate: (none)\n")
    assert "apt knows no package" in (able.refused() or "")
    monkeypatch.setattr(able, "run", lambda *argv: "qemu-system-x86:\n  Candidate: 1:7.2\n")
    assert able.refused() is None
    monkeypatch.setattr("platform.machine", lambda: "aarch64")
    assert "aarch64" in (able.refused() or "")


def test_names_and_addresses_of_its_cable() -> None:
    assert len(tap.name("abcdef", "lab200")) == 15
    address = launch.hardware_address("abcdef/lab1")
    assert address != launch.hardware_address("abcdef/lab2")
    assert int(address[:2], 16) & 3 == 2  # of one machine, locally given


@pytest.fixture
def hardware(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], str]:
    """Choose an accelerator where QEMU under hardware virtualisation does ``what``."""
    emulator, device, note = tmp_path / "qemu", tmp_path / "kvm", tmp_path / "note.json"
    device.touch()
    monkeypatch.setattr(accelerator, "EMULATOR", str(emulator))
    monkeypatch.setattr(accelerator, "DEVICE", device)
    monkeypatch.setattr(accelerator, "TRIAL_SECONDS", 0.5)

    def chosen(what: str) -> str:
        note.unlink(missing_ok=True)
        emulator.write_text(f"#!/bin/sh\n{what}\n")
        emulator.chmod(0o755)
        found = accelerator.choose(tmp_path / "kernel", note)
        emulator.unlink()
        assert accelerator.choose(tmp_path / "kernel", note) == found  # by its note
        return found

    return chosen


def test_hardware_is_used_where_it_runs_a_kernel(hardware: Callable[[str], str]) -> None:
    assert hardware("echo 'VFS: Unable to mount root fs'") == "kvm"
    assert hardware("echo 'KVM internal error. Suberror: 1'") == "tcg"
    assert hardware("echo 'VFS: Unable to mount root fs'; exit 1") == "tcg"
    assert hardware("exec sleep 30") == "tcg"  # it only hangs


def test_no_hardware(hardware: Callable[[str], str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accelerator, "DEVICE", Path("/nowhere"))
    assert hardware("echo 'VFS: Unable to mount root fs'") == "tcg"
