"""What runs a virtual machine's instructions: the machine's hardware, or QEMU's emulation.

Hardware virtualisation may be there and yet refuse an ordinary kernel: a machine that is itself
virtual may only pretend to have it. So it is tried, once in each boot of the machine.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

from firstlight.lab.network import BOOT_ID
from firstlight.lab.state import read_json, write_json
from firstlight.lab.vm.launch import ACCELERATOR, CPU, EMULATOR

HARDWARE, EMULATION = "kvm", "tcg"
DEVICE = Path("/dev/kvm")
TRIAL_SECONDS = 10
REACHED = b"Unable to mount root fs"
"""What a kernel says that has neither a disk nor a RAM disk: all of it ran before."""


def choose(kernel: Path, note: Path) -> str:
    """``kvm`` where ``kernel`` runs under it, else ``tcg``; remembered in ``note``."""
    boot = BOOT_ID.read_text().strip()
    known = read_json(note) or {}
    if known.get("boot_id") == boot and known.get("accelerator") in ACCELERATOR:
        return str(known["accelerator"])
    found = HARDWARE if DEVICE.exists() and runs(kernel) else EMULATION
    write_json(note, {"boot_id": boot, "accelerator": found})
    return found


def runs(kernel: Path) -> bool:
    """Whether ``kernel`` gets under hardware virtualisation to where it looks for a disk."""
    try:
        done = subprocess.run(
            [
                EMULATOR,
                *("-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"),
                *("-accel", ACCELERATOR[HARDWARE], "-cpu", CPU[HARDWARE], "-m", "512"),
                *("-kernel", str(kernel), "-append", "console=ttyS0 panic=-1"),
                *("-serial", "stdio"),
            ],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=TRIAL_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0 and REACHED in done.stdout
