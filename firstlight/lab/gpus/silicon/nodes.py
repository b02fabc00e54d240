"""Device nodes of the SIMULATED driver.

Their major number is one of those kept for local use, so no kernel driver answers: opening gives
ENXIO. A refusal by the device control group gives EPERM, so a container can tell whether it was
given the device.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

DEV = Path("/dev")
MAJOR = 120
CAPS_MAJOR = 121
CONTROL, MODESET, UVM, UVM_TOOLS = 255, 254, 253, 252


def make(gpus: int) -> None:
    """Every node that the real driver makes for so many GPUs."""
    wanted = {f"nvidia{index}": index for index in range(gpus)}
    wanted |= {"nvidiactl": CONTROL, "nvidia-modeset": MODESET}
    wanted |= {"nvidia-uvm": UVM, "nvidia-uvm-tools": UVM_TOOLS}
    for name, minor in wanted.items():
        node(DEV / name, MAJOR, minor)


def cap(number: int) -> Path:
    """The node that opens a MIG compute instance."""
    return DEV / f"nvidia-caps/nvidia-cap{number}"


def node(path: Path, major: int, minor: int) -> None:
    """Make a character device that everybody may open, if it is not there."""
    path.parent.mkdir(exist_ok=True)
    if not path.exists():
        os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(major, minor))
        path.chmod(0o666)


def char_links() -> list[Path]:
    """Link every node in /dev/char, as runc and systemd look devices up; the links made."""
    made = []
    for path in [*DEV.glob("nvidia*"), *DEV.glob("nvidia-caps/*")]:
        if not path.is_char_device():
            continue
        number = path.stat().st_rdev
        link = DEV / "char" / f"{os.major(number)}:{os.minor(number)}"
        link.parent.mkdir(exist_ok=True)
        if not link.is_symlink():
            link.symlink_to(os.path.relpath(path, link.parent))
            made.append(link)
    return made
