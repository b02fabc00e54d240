"""A lab host that is a virtual machine: Debian's own kernel, nothing shared but the network."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from firstlight.errors import FirstlightError
from firstlight.lab import network
from firstlight.lab.state import USER
from firstlight.lab.supervised import SupervisedHost
from firstlight.lab.vm import accelerator, agent, ext4, image, launch, tap

USER_ID = 1000
"""Of the first user that is added to a Debian system: the lab's."""


@dataclass(frozen=True)
class VmHost(SupervisedHost):
    """One host of `rack`; implements `firstlight.lab.machine.LabHost`."""

    MACHINE: ClassVar[str] = "qemu"
    DISK: ClassVar[str] = "vm"
    BOOT_SECONDS: ClassVar[float] = 420
    POWEROFF_SECONDS: ClassVar[float] = 130

    def create(self) -> None:
        """Make its disk from the cached image, if it has none."""
        if self.disk.is_dir():
            return
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        source = image.ensure(self.rack.hosts[self.name].suite, self.rack.cache_dir, self.say)
        fresh = self.folder / "fresh"
        if fresh.exists():
            shutil.rmtree(fresh)
        image.copy(source, fresh)
        self._make_its_own(fresh)
        fresh.rename(self.disk)

    def _make_its_own(self, fresh: Path) -> None:
        own = fresh / "own"
        home = own / "home" / USER
        home.mkdir(parents=True)
        os.chown(home, USER_ID, USER_ID)
        home.chmod(0o700)
        self._provision(own).write_identity()
        ext4.lay_over(fresh / "disk.raw", own)
        shutil.rmtree(own)

    def start(self) -> None:
        """Start its supervisor, if it does not run, and wait until that has started QEMU."""
        if self._supervisor() is not None:
            return
        mark = f"{self.rack.id}/{self.name}"
        # A socket that a killed QEMU left: nobody listens there.
        for name in ("agent.sock", "qmp.sock"):
            (self.folder / name).unlink(missing_ok=True)
        chosen = accelerator.choose(self.disk / "kernel", self.rack.cache_dir / "accelerator.json")
        cable = (tap.name(self.rack.id, self.name), self.rack.bridge, str(network.uplink_mtu()))
        self._supervise(
            "firstlight.lab.vm.supervisor",
            argv=launch.qemu_argv(self.folder, self.disk, mark, chosen),
            tap=cable,
        )

    def execute(self, argv: Sequence[str]) -> int:
        """Run a command as root inside, through the guest's agent: works without its network.

        It has neither input nor terminal, 600 s, and what it writes comes when it has ended.
        """
        if self._supervisor() is None:
            raise FirstlightError(
                "the host is off", where=self.name, fix=f"firstlight lab up --name {self.rack.name}"
            )
        ended = agent.execute(self.folder / "agent.sock", argv)
        sys.stdout.buffer.write(ended.out)
        sys.stderr.buffer.write(ended.err)
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        return ended.code
