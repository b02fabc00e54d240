"""What a killed lab left on the machine: recognised by looking, and cleaned by the next `up`."""

from __future__ import annotations

import json
import re
import shutil
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from firstlight.lab import cgroup, launch, lock, mounts, network
from firstlight.lab.command import run
from firstlight.lab.process import Process
from firstlight.lab.state import CACHE_DIR, LIB_DIR, read_json
from firstlight.lab.supervised import UNUSED

Kind = Literal["folder", "mount", "process", "link", "table", "pidfile", "cgroup"]
BRIDGE = re.compile(r"^fl([0-9a-f]{6})$")
MACHINE = re.compile(r"^([0-9a-f]{6})-(lab\d+)$")
VETH = re.compile(r"^vb-([0-9a-f]{6})-(lab\d+)")
TABLE = re.compile(r"^firstlight_lab_([0-9a-f]{6})$")


@dataclass(frozen=True)
class Machine:
    """What of this machine leftovers are looked for in."""

    lib_dir: Path
    cache_dir: Path
    mountinfo: str
    links: tuple[str, ...]
    tables: tuple[str, ...]
    groups: tuple[Path, ...]
    busy: frozenset[str] = frozenset()
    """Ids of labs that another process works on now: theirs is left alone."""


@dataclass(frozen=True)
class Leftover:
    """One thing nobody uses any more; ``name`` is a path, interface, table or pid."""

    kind: Kind
    name: str
    started: int = 0


def look(own: str = "") -> Machine:
    """This machine, now. ``own`` is the lab whose lock the caller holds."""
    listed = json.loads(run("nft", "-json", "list", "tables"))["nftables"]
    tables = [item["table"]["name"] for item in listed if "table" in item]
    layout = cgroup.here()
    groups = [path for mount in layout.mounts for path in mount.glob(f"{cgroup.PARENT}/*/*")]
    return Machine(
        lib_dir=LIB_DIR,
        cache_dir=CACHE_DIR,
        mountinfo=mounts.MOUNTINFO.read_text(encoding="utf-8"),
        links=tuple(path.name for path in network.INTERFACES.iterdir()),
        tables=tuple(tables),
        groups=tuple(path for path in groups if path.is_dir()),
        busy=frozenset(
            path.stem for path in LIB_DIR.glob("*.lock") if path.stem != own and lock.held(path)
        ),
    )


def find(machine: Machine, alive: Callable[[Process], bool] = Process.alive) -> list[Leftover]:
    """Everything that belongs to no lab that could still be running, in the order to clean it."""
    running: set[tuple[str, str]] = set()
    found: list[Leftover] = []
    known: set[str] = set(machine.busy)
    for lab in sorted(path for path in machine.lib_dir.glob("*") if path.is_dir()):
        if lab.name in machine.busy:
            continue
        if not (lab / "rack.json").exists():
            # Killed before it had written its first file: nothing can be in it.
            found.append(Leftover("folder", str(lab)))
            continue
        known.add(lab.name)
        for folder in sorted(lab.glob("hosts/*")):
            here = _of_host(folder, alive)
            if here is None:
                running.add((lab.name, folder.name))
            found += here or []
    found += _half_built(machine.cache_dir)
    found += _kernel_things(machine, known, running)
    return _mounts(machine, running) + found


def _mounts(machine: Machine, running: set[tuple[str, str]]) -> list[Leftover]:
    """Mounts in the lab's folders that no running host, build or busy lab uses."""
    used = {machine.lib_dir / lab / "hosts" / host for lab, host in running}
    used |= {machine.lib_dir / lab for lab in machine.busy}
    found = []
    for point in mounts.below(launch.NSPAWN_RUN, machine.mountinfo):
        match = MACHINE.match(point.name)
        if match and match[1] not in machine.busy and (match[1], match[2]) not in running:
            found.append(Leftover("mount", str(point)))
    for folder in (machine.lib_dir, machine.cache_dir):
        for point in mounts.below(folder, machine.mountinfo):
            above = {point, *point.parents}
            if not used & above and not any(_being_built(path) for path in above):
                found.append(Leftover("mount", str(point)))
    return found


def _of_host(folder: Path, alive: Callable[[Process], bool]) -> list[Leftover] | None:
    """Leftovers of one host's folder, or None if its supervisor runs."""
    data = read_json(folder / "supervisor.json") or {}
    roles = ("supervisor", "nspawn", "qemu")
    supervisor, *machines = (Process.from_json(data.get(role)) for role in roles)
    if supervisor is not None and alive(supervisor):
        return None
    found = []
    for process in machines:
        if process is not None and alive(process):
            found.append(Leftover("process", str(process.pid), process.started))
    if data:
        found.append(Leftover("pidfile", str(folder / "supervisor.json")))
    for name in UNUSED:
        if (folder / name).exists():
            found.append(Leftover("folder", str(folder / name)))
    return found


def _being_built(path: Path) -> bool:
    return path.name.endswith(".partial") and lock.held(path.with_suffix(".lock"))


def _half_built(cache_dir: Path) -> list[Leftover]:
    """Root file systems whose builder is gone: it held a lock that ended with it."""
    partial = sorted((cache_dir / "rootfs").glob("*.partial"))
    return [Leftover("folder", str(path)) for path in partial if not _being_built(path)]


def _kernel_things(
    machine: Machine, known: set[str], running: set[tuple[str, str]]
) -> list[Leftover]:
    found = []
    # First of all: these hold the guests that outlived their supervisor.
    for group in machine.groups:
        lab, host = group.parent.name, group.name
        if lab not in machine.busy and (lab, host) not in running:
            found.append(Leftover("cgroup", str(group)))
    for link in machine.links:
        bridge, veth = BRIDGE.match(link), VETH.match(link)
        orphan = bridge is not None and bridge[1] not in known
        loose = (
            veth is not None and veth[1] not in machine.busy and (veth[1], veth[2]) not in running
        )
        if orphan or loose:
            found.append(Leftover("link", link))
    for table in machine.tables:
        match = TABLE.match(table)
        if match is not None and match[1] not in known:
            found.append(Leftover("table", table))
    return found


def clean(found: list[Leftover], say: Callable[[str], None]) -> None:
    """Remove what `find` named, saying each."""
    for item in found:
        say(f"leftover {item.kind} {item.name}: removed")
        if item.kind == "mount":
            run("umount", "--lazy", item.name)
        elif item.kind == "process":
            process = Process(int(item.name), item.started)
            process.signal(signal.SIGKILL)
            process.wait(20)
        elif item.kind == "folder":
            shutil.rmtree(item.name)
        elif item.kind == "pidfile":
            Path(item.name).unlink(missing_ok=True)
        elif item.kind == "link":
            network.remove_link(item.name)
        elif item.kind == "table":
            network.remove_table(item.name)
        else:
            cgroup.end(Path(item.name))
