"""A lab host that is a systemd-nspawn machine: real systemd in namespaces of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from firstlight.errors import FirstlightError
from firstlight.lab import cgroup, identity, launch, rootfs
from firstlight.lab.supervised import GUEST_PATH, SupervisedHost


@dataclass(frozen=True)
class NspawnHost(SupervisedHost):
    """One host of `rack`; implements `firstlight.lab.machine.LabHost`."""

    MACHINE: ClassVar[str] = "nspawn"
    DISK: ClassVar[str] = "root"

    def create(self) -> None:
        """Make its disk from the cached root file system, if it has none."""
        if self.disk.is_dir():
            self._provision(self.disk).authorize()
            return
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        source = rootfs.ensure(self.rack.hosts[self.name].suite, self.rack.cache_dir, self.say)
        fresh = self.folder / "fresh"
        if fresh.exists():
            shutil.rmtree(fresh)
        rootfs.copy(source, fresh)
        (self.folder / "resolv.conf").unlink(missing_ok=True)
        self._provision(fresh).write()
        fresh.rename(self.disk)

    def start(self) -> None:
        """Start the supervisor, if it does not run, and wait until it has started nspawn."""
        if self._supervisor() is not None:
            return
        self._provision(self.disk).write_resolv_conf()
        argv = launch.nspawn_argv(self.rack, self.name, self.disk, cgroup.here())
        self._supervise("firstlight.lab.supervisor", argv=argv)

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

    def kill(self) -> None:
        """Cut its power: SIGKILL for supervisor, nspawn and with it all that runs inside."""
        super().kill()
        launch.forget(identity.machine_name(self.rack.id, self.name))
