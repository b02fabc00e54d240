"""How QEMU is called for one host."""

from __future__ import annotations

import hashlib
from pathlib import Path

EMULATOR = "qemu-system-x86_64"
CPUS = 2
MEBIBYTES = 2048
# What a lab host of this kind needs not pay for in emulation: it runs no stranger's code, and a
# processor that waits for its turn is no mistake of the guest's.
KERNEL = (
    "root=/dev/nvme0n1 ro console=ttyS0 quiet panic=5 mitigations=off nowatchdog"
    " 8250.nr_uarts=1 systemd.getty_auto=no rcupdate.rcu_expedited=1"
    " systemd.default_device_timeout_sec=400 systemd.default_timeout_start_sec=400"
)
# What the guest syncs is in this machine's page cache, and outlives QEMU there: as much of a power
# cut as is simulated. Waiting for the real disk each time would add nothing to it.
DISK = "cache=unsafe,discard=unmap"
# Not all that emulation can do (max): with that a boot was seen to panic. Which part of it was the
# cause is not known.
CPU = {"kvm": "host", "tcg": "Westmere,+rdrand"}
ACCELERATOR = {"kvm": "kvm", "tcg": "tcg,thread=multi"}


def qemu_argv(folder: Path, disk: Path, mark: str, accelerator: str) -> list[str]:
    """The whole command of one host; ``{tap}`` stands for a file descriptor.

    ``folder`` is where its sockets are made, ``disk`` holds image and kernel, ``mark``
    names it: its hardware address follows from it. The disk is an NVMe one, as Debian's kernel for
    clouds has its driver built in: it boots without an initial RAM disk.
    """
    return [
        EMULATOR,
        *("-nodefaults", "-no-user-config", "-display", "none", "-rtc", "base=utc"),
        *("-accel", ACCELERATOR[accelerator], "-cpu", CPU[accelerator]),
        *("-smp", str(CPUS), "-m", str(MEBIBYTES)),
        *("-kernel", str(disk / "kernel"), "-append", KERNEL),
        *("-drive", f"file={disk / 'disk.raw'},if=none,id=disk,format=raw,{DISK}"),
        *("-device", "nvme,drive=disk,serial=firstlight"),
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
