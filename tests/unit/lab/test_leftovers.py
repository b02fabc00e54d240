"""Leftovers of a killed lab, recognised on a made-up machine."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from firstlight.lab import leftovers, lock
from firstlight.lab.leftovers import Leftover, Machine

ALIVE, DEAD = 100, 200


def record(folder: Path, supervisor: int, nspawn: int) -> None:
    data = {
        "supervisor": {"pid": supervisor, "started": 1},
        "nspawn": {"pid": nspawn, "started": 1},
    }
    (folder / "supervisor.json").write_text(json.dumps(data))


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    lib, cache = tmp_path / "lib", tmp_path / "cache"
    (cache / "rootfs").mkdir(parents=True)
    for lab in ("aaaaaa", "bbbbbb"):
        (lib / lab / "hosts" / "lab1").mkdir(parents=True)
        (lib / lab / "rack.json").write_text("{}")
    record(lib / "aaaaaa/hosts/lab1", ALIVE, ALIVE)
    return Machine(
        lib_dir=lib,
        cache_dir=cache,
        mountinfo="27 1 254:0 / / rw - ext4 /dev/vda rw\n",
        links=("lo", "eth0", "flaaaaaa", "vb-aaaaaa-lab1", "flat", "vb-other"),
        tables=("firstlight_lab_aaaaaa", "filter", "firstlight"),
        groups=(Path("/sys/fs/cgroup/cpu/firstlight-lab/aaaaaa/lab1"),),
    )


def find(machine: Machine) -> list[tuple[str, str]]:
    found = leftovers.find(machine, alive=lambda process: process.pid == ALIVE)
    return [(item.kind, Path(item.name).name) for item in found]


def test_a_running_and_a_stopped_lab_leave_nothing(machine: Machine) -> None:
    assert find(machine) == []


def test_a_killed_supervisor_is_seen_and_its_orphan_ended(machine: Machine) -> None:
    record(machine.lib_dir / "bbbbbb/hosts/lab1", DEAD, ALIVE)
    assert find(machine) == [("process", str(ALIVE)), ("pidfile", "supervisor.json")]


def test_half_made_disks_are_removed_but_not_those_of_a_busy_lab(machine: Machine) -> None:
    (machine.lib_dir / "bbbbbb/hosts/lab1/fresh.partial").mkdir()
    assert find(machine) == [("folder", "fresh.partial")]
    assert find(replace(machine, busy=frozenset({"bbbbbb"}))) == []


def test_a_half_built_root_is_removed_unless_somebody_builds_it(machine: Machine) -> None:
    folder = machine.cache_dir / "rootfs"
    (folder / "trixie-1.partial").mkdir()
    mounted = f"{machine.mountinfo}40 27 0:1 / {folder}/trixie-1.partial/root/proc rw - proc p rw\n"
    assert find(replace(machine, mountinfo=mounted)) == [
        ("mount", "proc"),
        ("folder", "trixie-1.partial"),
    ]
    with lock.locked(folder / "trixie-1.lock", "a build", 1):
        assert find(replace(machine, mountinfo=mounted)) == []


def test_interfaces_tables_and_groups_of_labs_that_are_gone(machine: Machine) -> None:
    seen = replace(
        machine,
        links=(*machine.links, "flcccccc", "vb-cccccc-lab1", "vb-bbbbbb-lab1"),
        tables=(*machine.tables, "firstlight_lab_cccccc"),
        groups=(*machine.groups, Path("/sys/fs/cgroup/cpu/firstlight-lab/bbbbbb/lab1")),
    )
    assert find(seen) == [
        ("cgroup", "lab1"),
        ("link", "flcccccc"),
        ("link", "vb-cccccc-lab1"),
        ("link", "vb-bbbbbb-lab1"),
        ("table", "firstlight_lab_cccccc"),
    ]


def test_what_a_killed_nspawn_keeps_mounted(machine: Machine) -> None:
    """systemd-nspawn 256 and later refuses to start over it."""
    points = ("aaaaaa-lab1", "bbbbbb-lab1", "somebody-elses")
    lines = [
        f"5{number} 27 0:1 / /run/systemd/nspawn/unix-export/{name} rw - tmpfs t rw\n"
        for number, name in enumerate(points)
    ]
    seen = replace(machine, mountinfo=machine.mountinfo + "".join(lines))
    assert find(seen) == [("mount", "bbbbbb-lab1")]


def test_a_lab_killed_before_its_first_file(machine: Machine) -> None:
    (machine.lib_dir / "dddddd").mkdir()
    assert find(machine) == [("folder", "dddddd")]


def test_cleaning_removes_what_was_found(tmp_path: Path) -> None:
    (tmp_path / "fresh" / "etc").mkdir(parents=True)
    (tmp_path / "supervisor.json").write_text("{}")
    said: list[str] = []
    found = [
        Leftover("folder", str(tmp_path / "fresh")),
        Leftover("pidfile", str(tmp_path / "supervisor.json")),
    ]
    leftovers.clean(found, said.append)
    assert list(tmp_path.iterdir()) == []
    assert len(said) == 2
