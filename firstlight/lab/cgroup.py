"""The machine's control groups: which layout it has, and a group of its own for each host.

With the old layouts (v1 and hybrid) a guest's systemd makes its groups below the group that
systemd-nspawn runs in. Without one group per host, two guests would share theirs.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

MOUNTINFO = Path("/proc/self/mountinfo")
PARENT = "firstlight-lab"
CONTROLLERS = ("cpu", "cpuset", "io", "memory", "pids")


@dataclass(frozen=True)
class Layout:
    """``unified`` is cgroup v2 alone; else ``mounts`` are the hierarchies of v1 or hybrid."""

    unified: bool
    mounts: tuple[Path, ...]


def layout(mountinfo: str) -> Layout:
    """Read the layout from the text of a mountinfo file."""
    mounts: list[Path] = []
    unified = False
    for line in mountinfo.splitlines():
        left, _, right = line.partition(" - ")
        point, kind = left.split()[4], right.split()[0]
        if not point.startswith("/sys/fs/cgroup") or kind not in ("cgroup", "cgroup2"):
            continue
        unified = unified or (kind == "cgroup2" and point == "/sys/fs/cgroup")
        if Path(point) not in mounts:
            mounts.append(Path(point))
    return Layout(unified, tuple(mounts))


def here() -> Layout:
    """The layout of this machine."""
    return layout(MOUNTINFO.read_text(encoding="utf-8"))


def nspawn_settings(machine: Layout) -> list[str]:
    """Flags that let a guest's systemd (256 and later refuse v1 unasked) use the layout."""
    if machine.unified:
        return []
    return [
        "--setenv=SYSTEMD_CGROUP_ENABLE_LEGACY_FORCE=1",
        "--setenv=SYSTEMD_PROC_CMDLINE="
        "systemd.unified_cgroup_hierarchy=0 SYSTEMD_CGROUP_ENABLE_LEGACY_FORCE=1",
    ]


def enter(identity: str, host: str, machine: Layout) -> None:
    """Move this process into the host's own group of every hierarchy; equal CPU shares."""
    for mount in machine.mounts:
        parent = mount
        for part in (PARENT, identity, host):
            if machine.unified:
                _delegate(parent)
            group = parent / part
            group.mkdir(exist_ok=True)
            for name in ("cpuset.cpus", "cpuset.mems"):
                # A new v1 cpuset is empty, and nothing can enter an empty one.
                if (parent / name).exists() and not (group / name).read_text().strip():
                    (group / name).write_text((parent / name).read_text())
            parent = group
        (parent / "cgroup.procs").write_text(str(os.getpid()))


def _delegate(group: Path) -> None:
    for controller in CONTROLLERS:
        # Some may be absent or, inside a container, not ours to give: the guest sees what is.
        with contextlib.suppress(OSError):
            (group / "cgroup.subtree_control").write_text(f"+{controller}")


def groups(identity: str, machine: Layout, host: str = "") -> list[Path]:
    """The groups of a lab (or one of its hosts) that exist now."""
    found = (mount / PARENT / identity / host for mount in machine.mounts)
    return [group for group in found if group.is_dir()]


def processes(group: Path) -> list[int]:
    """The pids in a group and those below it."""
    found: list[int] = []
    for path in group.rglob("cgroup.procs"):
        with contextlib.suppress(OSError):
            found += [int(pid) for pid in path.read_text().split()]
    return found


def end(group: Path, timeout: float = 20) -> bool:
    """Kill all that runs in a group and remove it; False if it is still there after that.

    systemd-nspawn that is killed leaves its guest running; the guest's group is what finds it.
    """
    deadline = time.monotonic() + timeout
    while (pids := processes(group)) and time.monotonic() < deadline:
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.02)
    for path, _, _ in os.walk(group, topdown=False):
        with contextlib.suppress(OSError):
            Path(path).rmdir()
    with contextlib.suppress(OSError):
        group.parent.rmdir()
        group.parent.parent.rmdir()
    return not group.exists()
