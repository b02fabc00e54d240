"""A host that is a folder: its /sys, /proc and /lib/modules, and programs that stand in."""

from __future__ import annotations

from pathlib import Path

from firstlight.facts.nvidia import NvidiaProbe
from firstlight.nvidia.state import NvidiaState
from tests.facts.shell import gather
from tests.stubs import Stubs

PATHS = (
    "/sys/bus/pci/devices",
    "/sys/module",
    "/sys/firmware/efi/efivars",
    "/proc/driver/nvidia/version",
    "/lib/modules",
    "/boot/vmlinuz-",
    "/usr/lib64",
    "/usr/lib/x86_64-linux-gnu",
    "/var/lib/firstlight/gpu",
    "/var/lib/dkms",
    "/var/lib/dpkg/status",
    "/etc/cdi",
    "/var/run/cdi",
    "/etc/apt/sources.list",
)


class Machine:
    """A bare host below a folder; programs that it lacks fail."""

    def __init__(self, root: Path, stubs: Stubs) -> None:
        self.root, self.stubs = root, stubs
        for name in ("dpkg-query", "modinfo", "mokutil", "grubby", "systemctl", "dmesg"):
            stubs.add(name, "exit 1")
        stubs.add("uname", "case $1 in -r) echo 6.12.57;; -m) echo x86_64;; esac")
        stubs.add("journalctl")

    def write(self, path: str, text: str | bytes = "") -> None:
        target = self.root / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text if isinstance(text, bytes) else text.encode())

    def device(
        self, address: str, vendor: str, device: str, pci_class: str, driver: str = ""
    ) -> None:
        for name, text in (("vendor", vendor), ("device", device), ("class", pci_class)):
            self.write(f"/sys/bus/pci/devices/{address}/{name}", f"{text}\n")
        if driver:
            link = self.root / f"sys/bus/pci/devices/{address}/driver"
            link.symlink_to(f"../../../bus/pci/drivers/{driver}")

    def prints(self, name: str, text: str, code: int = 0) -> None:
        self.write(f"/out/{name}", text)
        self.stubs.add(name, f'cat "{self.root}/out/{name}"; exit {code}')

    def read(self) -> NvidiaState:
        instead = {path: f"{self.root}{path}" for path in PATHS}
        found: NvidiaState = gather(NvidiaProbe, self.stubs.env, instead)
        return found
