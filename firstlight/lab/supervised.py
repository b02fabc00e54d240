"""What lab hosts of every kind have in common: a folder, a supervisor process, SSH."""

from __future__ import annotations

import contextlib
import signal
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from firstlight.errors import FirstlightError
from firstlight.lab import cgroup, launch, ssh
from firstlight.lab.command import run, succeeds
from firstlight.lab.machine import HostStatus
from firstlight.lab.mounts import unmount_below
from firstlight.lab.process import Process
from firstlight.lab.provision import Provision
from firstlight.lab.state import Rack, read_json, write_json

UNUSED = ("old", "fresh", "fresh.partial")
GUEST_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True)
class SupervisedHost(ABC):
    """One host of `rack`, whose machine a supervisor of ours runs; a base of kinds of hosts."""

    rack: Rack
    name: str
    say: Callable[[str], None]

    MACHINE: ClassVar[str]
    """What its supervisor runs, as noted in supervisor.json."""
    DISK: ClassVar[str]
    """The file or folder of its disk, in its folder."""
    BOOT_SECONDS: ClassVar[float] = 60
    """How long it may take from power to SSH."""
    POWEROFF_SECONDS: ClassVar[float] = 60

    @property
    def folder(self) -> Path:
        """Where the machine keeps this host."""
        return self.rack.host_dir(self.name)

    @property
    def disk(self) -> Path:
        """Its disk: a folder or an image, as its kind has it."""
        return self.folder / self.DISK

    @abstractmethod
    def create(self) -> None:
        """Make its disk, if it has none."""

    @abstractmethod
    def start(self) -> None:
        """Switch it on, if it is off."""

    @abstractmethod
    def execute(self, argv: Sequence[str]) -> int:
        """Run a command as root from the outside; its exit code."""

    def _provision(self, root: Path) -> Provision:
        key = ssh.ensure_host_key(self.folder, self.name)
        return Provision(self.rack, self.name, root, key, ssh.ensure_key(self.rack))

    def _supervise(self, module: str, **settings: Any) -> None:
        """Start a supervisor that does what ``settings`` (its machine.json) say."""
        layout = cgroup.here()
        delegated = layout.unified and launch.SYSTEMD_RUNS.is_dir()
        note = {"lab": self.rack.id, "host": self.name, "own_cgroup": not delegated, **settings}
        write_json(self.folder / "machine.json", note)
        for old in ("supervisor.json", "ready.json"):
            (self.folder / old).unlink(missing_ok=True)
        launch.detached(self.rack, self.name, module)
        self._wait("its supervisor", 10, lambda: self._supervisor() is not None)

    def wait_ssh(self, timeout: float) -> None:
        """Wait until a command runs as the lab's user, under the host key the lab made."""
        host = self.rack.hosts[self.name]
        patience = ssh.PATIENCE.get(host.kind, 2)
        self._wait("an answer on port 22", timeout, lambda: ssh.greets(host.address, patience))
        command = ssh.command_line(self.rack, self.name, ["true"])
        # The port answers a moment before the guest lets users other than root in.
        self._wait("a login over SSH", timeout, lambda: succeeds(*command, timeout=patience + 8))
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

    def poweroff(self, timeout: float | None = None) -> None:
        """Press the power button; cut the power if it does not end in ``timeout`` seconds."""
        supervisor = self._supervisor()
        seconds = self.POWEROFF_SECONDS if timeout is None else timeout
        if supervisor is not None:
            supervisor.signal(signal.SIGTERM)
            if not supervisor.wait(seconds):
                self.say(f"{self.name} did not shut down within {seconds:.0f} s: power cut")
        self.kill()

    def kill(self) -> None:
        """Cut its power: SIGKILL for supervisor, machine and with it all that runs inside."""
        processes = [self._recorded("supervisor"), self._recorded(self.MACHINE)]
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

    def set_aside(self) -> None:
        """Cut its power and move its disk out of the way of a new one; `sweep` removes it."""
        self.kill()
        unmount_below(self.folder)
        self.sweep()
        if self.disk.exists():
            self.disk.rename(self.folder / "old")

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
            state = "off" if self.disk.exists() else "absent"
        return HostStatus(self.name, state, host.address, host.suite, boots, pid)

    def _recorded(self, role: str) -> Process:
        data = read_json(self.folder / "supervisor.json") or {}
        return Process.from_json(data.get(role)) or Process(0, -1)

    def _supervisor(self) -> Process | None:
        process = self._recorded("supervisor")
        return process if process.alive() else None
