"""The host's end of a virtual machine's cable: a tap that ends with the process that holds it."""

from __future__ import annotations

import fcntl
import os
import struct
from pathlib import Path

from firstlight.lab.command import run

DEVICE = Path("/dev/net/tun")
TUNSETIFF = 0x400454CA
# IFF_TAP, IFF_NO_PI, IFF_VNET_HDR: whole frames, whose checksums the guest may leave to us.
FLAGS = 0x0002 | 0x1000 | 0x4000


def name(lab: str, host: str) -> str:
    """The interface's name: 15 characters at most (lab200)."""
    return f"vt{lab}-{host}"


def connect(interface: str, bridge: str, mtu: str) -> int:
    """Make the tap ``interface`` on ``bridge``; the file descriptor that keeps it."""
    handle = os.open(DEVICE, os.O_RDWR | os.O_CLOEXEC)
    try:
        fcntl.ioctl(handle, TUNSETIFF, struct.pack("16sH22x", interface.encode(), FLAGS))
        run("ip", "link", "set", interface, "mtu", mtu, "master", bridge, "up")
    except BaseException:
        os.close(handle)
        raise
    return handle
