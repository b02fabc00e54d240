"""Writes the SIMULATED board into a host that does not run: hardware.json, programs, the unit."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import urlsplit

from firstlight.lab.gpus import hardware
from firstlight.lab.guest import write

PROGRAMS = Path(__file__).parent / "silicon"
UNIT = "firstlight-lab-gpus.service"
COMMAND = """\
#!/bin/sh
# SIMULATED: the board of a lab host, as nvidia-smi and the packages' scripts ask it.
PYTHONPATH=/usr/lib/firstlight-lab exec /usr/bin/python3 -B -m silicon "$@"
"""
# The kernel of a guest is the machine's, and so is its log: what the board's driver says is in the
# guest's journal, as the kernel's words.
DMESG = """\
#!/bin/sh
# SIMULATED: the kernel's log of a lab host.
exec journalctl -q -b -t kernel -o cat --no-pager
"""
# Before everything that looks for a GPU, as the driver is loaded on a real host.
UNIT_TEXT = """\
[Unit]
Description=SIMULATED GPUs of this lab host
DefaultDependencies=no
After=local-fs.target
Before=sysinit.target
ConditionVirtualization=container

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/lib/firstlight-lab/silicon.sh boot
SyslogIdentifier=kernel

[Install]
WantedBy=sysinit.target
"""


KEYRING = "etc/apt/keyrings/firstlight-lab-kernel.asc"
KERNEL_SOURCE = """\
# SIMULATED: headers of the running kernel, and a next kernel, as a distribution has them.
Types: deb
URIs: {url}
Suites: ./
Signed-By: /{keyring}
"""


def write_board(root: Path, kind: str, seed: str) -> None:
    """Give the host whose root file system is ``root`` GPUs of ``kind``; ``seed`` names the host."""
    described = hardware.description(hardware.checked_kind(kind), seed)
    write(root / "etc/firstlight-lab/hardware.json", json.dumps(described, indent=1) + "\n", 0o644)
    for path in sorted(PROGRAMS.glob("*.py")):
        text = path.read_text(encoding="utf-8")
        write(root / "usr/lib/firstlight-lab/silicon" / path.name, text, 0o644)
    write(root / "usr/lib/firstlight-lab/silicon.sh", COMMAND, 0o755)
    write(root / "usr/local/bin/dmesg", DMESG, 0o755)
    write(root / "etc/systemd/system" / UNIT, UNIT_TEXT, 0o644)
    wants = root / "etc/systemd/system/sysinit.target.wants"
    wants.mkdir(exist_ok=True)
    (wants / UNIT).symlink_to(f"/etc/systemd/system/{UNIT}")


def write_source(root: Path, url: str, key: str) -> None:
    """Give the host the lab's kernel packages at ``url``, which ``key`` (armored) signs.

    No proxy of the machine's apt stands before the lab's own services.
    """
    address = urlsplit(url).hostname
    direct = f'Acquire::http::Proxy::{address} "DIRECT";\n'
    write(root / "etc/apt/apt.conf.d/90firstlight-lab-direct", direct, 0o644)
    write(root / KEYRING, key, 0o644)
    source = KERNEL_SOURCE.format(url=url, keyring=KEYRING)
    write(root / "etc/apt/sources.list.d/firstlight-lab-kernel.sources", source, 0o644)
