"""Whether this machine can run virtual machines, and the packages that takes."""

from __future__ import annotations

import platform
import shutil

from firstlight.lab.command import run
from firstlight.lab.vm import tap

NEEDED = {
    "e2fsprogs": "/usr/sbin/debugfs",
    "qemu-system-x86": "/usr/bin/qemu-system-x86_64",
}
ARCHITECTURE = "x86_64"


def refused() -> str | None:
    """Why no lab host here can be a virtual machine, in one line; None if nothing speaks against it.

    QEMU itself need not be there: `firstlight.lab.packages.ensure` installs it.
    """
    if platform.machine() != ARCHITECTURE:
        return f"virtual machines need a machine of {ARCHITECTURE}, this is {platform.machine()}"
    if not tap.DEVICE.exists():
        return f"virtual machines need {tap.DEVICE}, which is not there (modprobe tun)"
    if shutil.which("qemu-system-x86_64") is None:
        known = run("apt-cache", "policy", "qemu-system-x86")
        if "Candidate: (none)" in known or not known.strip():
            return "virtual machines need QEMU, and apt knows no package qemu-system-x86"
    return None
