"""The made sysfs of a lab host: its PCI bus, modules that count as loaded, its firmware."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SYS = Path("/sys")
DEVICES = SYS / "bus/pci/devices"
TREE = Path("/run/firstlight-lab/pci")
SECURE_BOOT = SYS / "firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"
SECONDS = 20


def mount(*words: str) -> None:
    """Run mount(8); raises CalledProcessError."""
    subprocess.run(["mount", *words], check=True, timeout=SECONDS)


@contextmanager
def writable_sys() -> Iterator[None]:
    """/sys of a guest is a small tmpfs: writable for a moment, since systemd asks if it is so."""
    mount("-o", "remount,rw", str(SYS))
    try:
        yield
    finally:
        mount("-o", "remount,ro", str(SYS))


def lay_out(functions: list[dict[str, str]], driver: str, tree: Path = TREE) -> None:
    """Make the folder that stands for /sys/bus/pci/devices; GPUs are bound to ``driver``."""
    for each in functions:
        folder = tree / each["address"]
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("vendor", "device", "class"):
            (folder / name).write_text(f"{each[name]}\n", encoding="utf-8")
        (folder / "subsystem_vendor").write_text(f"{each['vendor']}\n", encoding="utf-8")
        (folder / "numa_node").write_text("-1\n", encoding="utf-8")
        (folder / "enable").write_text("1\n", encoding="utf-8")
        link = folder / "driver"
        if driver and each["vendor"] == "0x10de" and each["class"][:6] in ("0x0300", "0x0302"):
            link.unlink(missing_ok=True)
            # Not dangling, as it would be if it led to where the real one is.
            bound = tree.with_name("drivers") / driver
            bound.mkdir(parents=True, exist_ok=True)
            link.symlink_to(bound)


def present(tree: Path = TREE) -> None:
    """Show the made bus where the real one is."""
    if not DEVICES.is_dir():
        # A machine without a PCI bus: its kernel has no such folder to lay ours over.
        mount("-t", "tmpfs", "-o", "mode=0755,size=1m", "tmpfs", str(SYS / "bus"))
        DEVICES.mkdir(parents=True)
    mount("--bind", str(tree), str(DEVICES))


def show_module(name: str, version: str = "") -> None:
    """Let a kernel module look loaded."""
    folder = SYS / "module" / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "initstate").write_text("live\n", encoding="utf-8")
    if version:
        (folder / "version").write_text(f"{version}\n", encoding="utf-8")


def show_secure_boot(on: bool) -> None:
    """The firmware's variable: four bytes of attributes, then the value."""
    SECURE_BOOT.parent.mkdir(parents=True, exist_ok=True)
    SECURE_BOOT.write_bytes(bytes([6, 0, 0, 0, int(on)]))
