"""How QEMU is called for one host."""

from __future__ import annotations

import hashlib
from pathlib import Path

EMULATOR = "qemu-system-x86_64"
CPUS = 2
MEBIBYTES = 2048
# What a lab host of this kind needs not pay for in emulation: it runs no stranger's code.
KERNEL = "root=/dev/vda ro console=ttyS0 quiet mitigations=off panic=5"
CPU = {"kvm": "host", "tcg": "max"}
ACCELERATOR = {"kvm": "kvm", "tcg": "tcg,thread=multi"}


def qemu_argv(folder: Path, disk: Path, mark: str, accelerator: str) -> list[str]:
    """The whole command of one host; ``{tap}`` stands for a file descriptor.

    ``folder`` is where its sockets are made, ``disk`` holds image, kernel and initial RAM disk,
    ``mark`` names it: its hardware address follows from it.
    """
    return [
        EMULATOR,
        *("-nodefaults", "-no-user-config", "-display", "none", "-rtc", "base=utc"),
        *("-accel", ACCELERATOR[accelerator], "-cpu", CPU[accelerator]),
        *("-smp", str(CPUS), "-m", str(MEBIBYTES)),
        *("-kernel", str(disk / "kernel"), "-initrd", str(disk / "initrd"), "-append", KERNEL),
        *("-drive", f"file={disk / 'disk.raw'},if=virtio,format=raw,discard=unmap"),
        *("-netdev", "tap,id=net0,fd={tap}"),
        *("-device", f"virtio-net-pci,netdev=net0,mac={hardware_address(mark)},romfile="),
        *("-device", "virtio-rng-pci", "-device", "virtio-serial-pci"),
        *("-chardev", f"socket,id=agent,path={folder / 'agent.sock'},server=on,wait=off"),
        *("-device", "virtserialport,chardev=agent,name=org.qemu.guest_agent.0"),
        *("-qmp", f"unix:{folder / 'qmp.sock'},server=on,wait=off"),
        *("-serial", "stdio"),
    ]


def hardware_address(mark: str) -> str:
    """A locally administered address that is the same for the same ``mark``."""
    digest = hashlib.sha256(mark.encode()).digest()
    return ":".join(["52", "54", "00", *(f"{byte:02x}" for byte in digest[:3])])
