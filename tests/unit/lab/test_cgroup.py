"""The machine's control-group layout, told from its mounts."""

from __future__ import annotations

from pathlib import Path

import pytest

from firstlight.lab import cgroup

HYBRID = """\
27 1 254:0 / / rw - ext4 /dev/vda rw
31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755
32 31 0:29 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu
40 31 0:37 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,name=systemd
41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw
"""
UNIFIED = """\
27 1 254:0 / / rw shared:1 - ext4 /dev/vda rw
30 24 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate
"""


def test_hybrid_needs_the_legacy_settings() -> None:
    layout = cgroup.layout(HYBRID)
    assert not layout.unified
    assert [mount.name for mount in layout.mounts] == ["cpu", "systemd", "unified"]
    settings = cgroup.nspawn_settings(layout)
    assert "--setenv=SYSTEMD_CGROUP_ENABLE_LEGACY_FORCE=1" in settings
    assert any("systemd.unified_cgroup_hierarchy=0" in setting for setting in settings)


def test_cgroup_v2_needs_none_of_that() -> None:
    layout = cgroup.layout(UNIFIED)
    assert layout == cgroup.Layout(True, (Path("/sys/fs/cgroup"),))
    assert cgroup.nspawn_settings(layout) == []


def test_each_host_gets_a_group_of_its_own(tmp_path: Path) -> None:
    cpuset, memory = tmp_path / "cpuset", tmp_path / "memory"
    for mount in (cpuset, memory):
        mount.mkdir()
    layout = cgroup.Layout(False, (memory,))
    cgroup.enter("3fa9c1", "lab1", layout)
    group = memory / "firstlight-lab" / "3fa9c1" / "lab1"
    assert (group / "cgroup.procs").read_text().isdecimal()
    assert cgroup.groups("3fa9c1", layout, "lab1") == [group]
    assert cgroup.groups("3fa9c1", layout, "lab2") == []


def test_an_empty_cpuset_is_filled_before_it_is_entered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in ("", "firstlight-lab", "firstlight-lab/x", "firstlight-lab/x/lab1"):
        (tmp_path / folder).mkdir(exist_ok=True)
        for name in ("cpuset.cpus", "cpuset.mems"):
            (tmp_path / folder / name).write_text("" if folder else "0-1\n")
    cgroup.enter("x", "lab1", cgroup.Layout(False, (tmp_path,)))
    assert (tmp_path / "firstlight-lab/x/lab1/cpuset.cpus").read_text() == "0-1\n"
