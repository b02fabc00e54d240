"""What a lab host can do, whatever kind of machine it is: a container or a virtual machine."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class HostStatus:
    """How a host is now. ``boots`` counts its starts since `start`; 0 when it does not run."""

    name: str
    state: str
    """``absent``, ``off`` or ``running``."""
    address: str
    suite: str
    boots: int = 0
    supervisor_pid: int = 0


class LabHost(Protocol):
    """One host of a lab. Every method may be called twice; waits are bounded and raise."""

    @property
    def name(self) -> str:
        """Its short name, such as ``lab1``."""

    def create(self) -> None:
        """Make its disk: a bare Debian with its name, address, host key and the lab's user."""

    def start(self) -> None:
        """Switch it on, if it is off; returns before it has booted."""

    def wait_ssh(self, timeout: float) -> None:
        """Wait until the lab's user can run a command over SSH under the known host key."""

    def execute(self, argv: Sequence[str]) -> int:
        """Run a command as root from the outside, as on its console; its exit code."""

    def poweroff(self, timeout: float) -> None:
        """Shut it down in an orderly way; if it does not end in time, like `kill`."""

    def kill(self) -> None:
        """Cut its power: every process in it ends at once, nothing is shut down."""

    def destroy(self) -> None:
        """Cut its power and remove its disk; address and host key stay."""

    def status(self) -> HostStatus:
        """How it is now."""


def shared() -> str:
    """What all hosts of all labs share, in words: nothing of it is reserved for one of them."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"all hosts share this machine's {os.cpu_count()} cores (equal weights) and "
        f"{memory:.0f} GiB of memory; nothing is reserved"
    )
