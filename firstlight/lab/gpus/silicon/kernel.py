"""What a kernel's package would have put into /lib/modules: SIMULATED, for depmod and DKMS."""

from __future__ import annotations

import os
import struct
from pathlib import Path

MODULES = Path("/usr/lib/modules")
OWN = "kernel/firstlight-lab.ko"
LISTS = ("modules.order", "modules.builtin", "modules.builtin.modinfo")
MACHINES = {"x86_64": 62, "aarch64": 183}
HEADER = "<16sHHIQQQIHHHHHH"
SECTION = "<IIQQQQIIQQ"
NAMES = b"\0.modinfo\0.shstrtab\0"


def lay_out(release: str, modules: Path = MODULES) -> None:
    """Lists and one module of the kernel itself.

    DKMS calls depmod only where there is a modules.dep, and removes one that has become empty.
    """
    folder = modules / release
    own = folder / OWN
    own.parent.mkdir(parents=True, exist_ok=True)
    own.write_bytes(module(release))
    for name in LISTS:
        (folder / name).touch()
    if not (folder / "modules.dep").exists():
        (folder / "modules.dep").write_text(f"{OWN}:\n", encoding="utf-8")


def module(release: str) -> bytes:
    """An ELF object with a .modinfo section and nothing else."""
    told = ("name=firstlight_lab", "description=SIMULATED", "license=GPL", f"vermagic={release} ")
    information = b"".join(word.encode() + b"\0" for word in told)
    at = struct.calcsize(HEADER)
    names_at = at + len(information)
    table_at = -(-(names_at + len(NAMES)) // 8) * 8
    identity = b"\x7fELF\x02\x01\x01"
    machine = MACHINES.get(os.uname().machine, 62)
    header = struct.pack(HEADER, identity, 1, machine, 1, 0, 0, table_at, 0, at, 0, 0, 64, 3, 2)
    sections = (
        struct.pack(SECTION, *[0] * 10),
        struct.pack(SECTION, 1, 1, 2, 0, at, len(information), 0, 0, 1, 0),
        struct.pack(SECTION, 10, 3, 0, 0, names_at, len(NAMES), 0, 0, 1, 0),
    )
    body = header + information + NAMES
    return body.ljust(table_at, b"\0") + b"".join(sections)
