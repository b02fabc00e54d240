"""A small disk of a lab host, full: a real file system on a loop device of this machine."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.lab.rack import TestRack

# The device's file is this machine's: the host is given the file system, and no device.
MOUNT = """
mkdir -p /srv/drill && mknod -m 600 /dev/drill-disk b {numbers} && mount /dev/drill-disk /srv/drill
rm -f /dev/drill-disk; head -c 30M /dev/zero >/srv/drill/fill
"""


def said(*words: str) -> str:
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def leader(rack: TestRack, host: str) -> str:
    """Return the number, on this machine, of the first process of ``host``."""
    mark = f"{host}-{rack.state.id}"
    # One of a try before this may still be there, with the unit's name.
    start = f"systemd-run -q --collect --unit=drill-mark --setenv=DRILL={mark} sleep 120"
    rack.sh(host, f"systemctl stop drill-mark.service 2>/dev/null; {start}")
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:  # until its program runs it has another environment
        for entry in Path("/proc").glob("[0-9]*/environ"):
            with suppress(OSError):
                if f"DRILL={mark}".encode() in entry.read_bytes().split(b"\0"):
                    return entry.parent.name
        time.sleep(0.2)
    raise AssertionError("the process is not seen from here")


@contextmanager
def full_disk(rack: TestRack, host: str, folder: Path) -> Iterator[None]:
    """While this lasts, /srv/drill of ``host`` is a disk of 32 MiB with nothing free."""
    image = folder / "disk.img"
    with image.open("wb") as file:
        file.truncate(32 << 20)
    said("mkfs.ext4", "-q", "-m", "0", str(image))
    device = said("losetup", "--find", "--show", str(image))
    try:
        numbers = said("stat", "-c", "%Hr %Lr", device)
        inside = ("nsenter", "-t", leader(rack, host), "-m", "--", "sh", "-c")
        subprocess.run(
            [*inside, MOUNT.format(numbers=numbers)], capture_output=True, timeout=60, check=False
        )
        try:
            assert "/srv/drill" in rack.sh(host, "df --output=target").out
            yield
        finally:
            rack.sh(host, "umount /srv/drill && rm -rf /srv/drill")
    finally:
        said("losetup", "--detach", device)
        image.unlink()
