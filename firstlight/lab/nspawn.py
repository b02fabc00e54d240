"""A lab host that is a systemd-nspawn machine: real systemd in namespaces of its own."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from firstlight.errors import FirstlightError
from firstlight.lab import cgroup, identity, launch, rootfs, ssh
from firstlight.lab.command import run, succeeds
from firstlight.lab.machine import HostStatus
from firstlight.lab.mounts import unmount_below
from firstlight.lab.process import Process
from firstlight.lab.provision import Provision
from firstlight.lab.state import Rack, read_json, write_json

UNUSED = ("old", "fresh", "fresh.partial")
GUEST_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True)
class NspawnHost:
    """One host of `rack`; implements `firstlight.lab.machine.LabHost`."""

    rack: Rack
    name: str
    say: Callable[[str], None]

    @property
    def folder(self) -> Path:
        """Where the machine keeps this host."""
        return self.rack.host_dir(self.name)

    @property
    def root(self) -> Path:
        """Its root file system."""
        return self.folder / "root"

    def _provision(self, root: Path) -> Provision:
        key = ssh.ensure_host_key(self.folder, self.name)
        return Provision(self.rack, self.name, root, key, ssh.ensure_key(self.rack))

    def create(self) -> None:
        """Make its disk from the cached root file system, if it has none."""
        if self.root.is_dir():
            self._provision(self.root).authorize()
            return
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        source = rootfs.ensure(self.rack.hosts[self.name].suite, self.rack.cache_dir, self.say)
        fresh = self.folder / "fresh"
        if fresh.exists():
            shutil.rmtree(fresh)
        rootfs.copy(source, fresh)
        (self.folder / "resolv.conf").unlink(missing_ok=True)
        self._provision(fresh).write()
        fresh.rename(self.root)

    def start(self) -> None:
        """Start the supervisor, if it does not run, and wait until it has started nspawn."""
        if self._supervisor() is not None:
            return
        self._provision(self.root).write_resolv_conf()
        layout = cgroup.here()
        delegated = layout.unified and launch.SYSTEMD_RUNS.is_dir()
        write_json(
            self.folder / "machine.json",
            {
                "lab": self.rack.id,
                "host": self.name,
                "argv": launch.nspawn_argv(self.rack, self.name, self.root, layout),
                "own_cgroup": not delegated,
            },
        )
        for note in ("supervisor.json", "ready.json"):
            (self.folder / note).unlink(missing_ok=True)
        launch.detached(self.rack, self.name)
        self._wait("its supervisor", 10, lambda: self._supervisor() is not None)

    def wait_ssh(self, timeout: float) -> None:
        """Wait until a command runs as the lab's user, under the host key the lab made."""
        address = self.rack.hosts[self.name].address
        self._wait("an answer on port 22", timeout, lambda: ssh.greets(address))
        command = ssh.command_line(self.rack, self.name, ["true"])
        # The port answers a moment before the guest lets users other than root in.
        self._wait("a login over SSH", timeout, lambda: succeeds(*command, timeout=10))
        write_json(self.folder / "ready.json", self._recorded("supervisor").to_json())

    def ready(self) -> bool:
        """Whether `wait_ssh` succeeded since it was switched on (it may be closed again by now)."""
        known = Process.from_json(read_json(self.folder / "ready.json"))
        return known is not None and known == self._supervisor()

    def _wait(self, purpose: str, timeout: float, ready: Callable[[], bool]) -> None:
        deadline = time.monotonic() + timeout
        while not ready():
            ended = (self.folder / "supervisor.json").exists() and self._supervisor() is None
            if ended or time.monotonic() > deadline:
                raise FirstlightError(
                    f"{purpose} did not come" + ("" if ended else f" within {timeout:.0f} s"),
                    where=self.name,
                    why=f"the console's last lines:\n{self.console_tail()}",
                    fix=f"look at {self.folder}/console.log; firstlight lab reset {self.name}",
                )
            time.sleep(0.03)

    def console_tail(self, lines: int = 12) -> str:
        """The last lines of the console, for error texts."""
        path = self.folder / "console.log"
        text = path.read_bytes()[-8192:].decode(errors="replace") if path.exists() else ""
        return "\n".join(f"       {line}" for line in text.splitlines()[-lines:])

    def execute(self, argv: Sequence[str]) -> int:
        """Run a command as root inside, through its namespaces: works without its network."""
        supervisor = self._supervisor()
        children = self._recorded("nspawn").children() if supervisor else []
        if not children:
            raise FirstlightError(
                "the host is off", where=self.name, fix=f"firstlight lab up --name {self.rack.name}"
            )
        inside = ["nsenter", "--target", str(children[0]), "--all", "env", "-i"]
        settings = [f"PATH={GUEST_PATH}", "HOME=/root", f"TERM={os.environ.get('TERM', 'dumb')}"]
        return subprocess.run([*inside, *settings, *argv], check=False).returncode

    def poweroff(self, timeout: float = 60) -> None:
        """Press the power button; cut the power if it does not end in ``timeout`` seconds."""
        supervisor = self._supervisor()
        if supervisor is not None:
            supervisor.signal(signal.SIGTERM)
            if not supervisor.wait(timeout):
                self.say(f"{self.name} did not shut down within {timeout:.0f} s: power cut")
        self.kill()

    def kill(self) -> None:
        """Cut its power: SIGKILL for supervisor, nspawn and with it all that runs inside."""
        processes = [self._recorded("supervisor"), self._recorded("nspawn")]
        for pid in processes[1].children():
            with contextlib.suppress(ProcessLookupError):
                processes.append(Process.of(pid))
        for process in processes:
            process.signal(signal.SIGKILL)
        for process in processes:
            if not process.wait(20):
                raise FirstlightError(
                    "a process of the host does not end", where=self.name, why=str(process)
                )
        (self.folder / "supervisor.json").unlink(missing_ok=True)
        for group in cgroup.groups(self.rack.id, cgroup.here(), self.name):
            cgroup.end(group)
        launch.forget(identity.machine_name(self.rack.id, self.name))

    def set_aside(self) -> None:
        """Cut its power and move its disk out of the way of a new one; `sweep` removes it."""
        self.kill()
        unmount_below(self.folder)
        self.sweep()
        if self.root.is_dir():
            self.root.rename(self.folder / "old")

    def sweep(self) -> None:
        """Remove disks that are no host's any more: set aside, or half made by a killed run."""
        for name in UNUSED:
            # rm is several times faster here than Python's own rmtree.
            run("rm", "-rf", "--one-file-system", str(self.folder / name), timeout=300)

    def destroy(self) -> None:
        """Cut its power and remove its disk. Its SSH host key stays for the next `create`."""
        self.set_aside()
        self.sweep()
        for path in self.folder.glob("console.log*"):
            path.unlink()

    def status(self) -> HostStatus:
        """Absent, off or running, with its number of boots."""
        host = self.rack.hosts[self.name]
        supervisor = self._supervisor()
        if supervisor is not None:
            data = read_json(self.folder / "supervisor.json") or {}
            boots = int(data.get("boots", 0))
            state, pid = "running", supervisor.pid
        else:
            boots, pid = 0, 0
            state = "off" if self.root.is_dir() else "absent"
        return HostStatus(self.name, state, host.address, host.suite, boots, pid)

    def _recorded(self, role: str) -> Process:
        data = read_json(self.folder / "supervisor.json") or {}
        return Process.from_json(data.get(role)) or Process(0, -1)

    def _supervisor(self) -> Process | None:
        process = self._recorded("supervisor")
        return process if process.alive() else None
