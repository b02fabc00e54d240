"""What hardware.json says is on this host's board, and its switches for faults."""

from __future__ import annotations

import fnmatch
import json
import os
from pathlib import Path
from typing import Any

FILE = Path("/etc/firstlight-lab/hardware.json")
GPU_CLASSES = ("0x0300", "0x0302")


def read(path: Path = FILE) -> dict[str, Any]:
    """The description; an empty board where there is none."""
    if not path.exists():
        return {"functions": [], "gpus": [], "switches": 0}
    described: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return described


def switch(key: str, value: Any, path: Path = FILE) -> None:
    """Change one value: a fault. All but ``dkms_fails`` count from the next boot on."""
    described = read(path)
    if key not in described:
        raise SystemExit(
            f"SIMULATED board: no such switch: {key}; there are: {', '.join(described)}"
        )
    described[key] = value
    draft = path.with_suffix(".new")
    draft.write_text(json.dumps(described, indent=1) + "\n", encoding="utf-8")
    draft.replace(path)


def functions(board: dict[str, Any]) -> list[dict[str, str]]:
    """PCI functions on the bus: all but those of GPUs that are ``absent``."""
    gone = {board["gpus"][index]["address"][:-1] for index in board.get("absent", [])}
    return [each for each in board["functions"] if each["address"][:-1] not in gone]


def gpus(board: dict[str, Any]) -> list[dict[str, Any]]:
    """GPUs on the bus, with ``lost`` for those that have fallen off it while running."""
    absent, fallen = board.get("absent", []), board.get("fallen", [])
    return [
        {**gpu, "lost": index in fallen}
        for index, gpu in enumerate(board["gpus"])
        if index not in absent
    ]


def builds(board: dict[str, Any], version: str, kernel: str) -> bool:
    """Whether the module of ``version`` can be built for ``kernel``.

    ``dkms_fails`` has entries "VERSION KERNEL", both with wildcards.
    """
    word = f"{version} {kernel}"
    return not any(fnmatch.fnmatchcase(word, entry) for entry in board.get("dkms_fails", []))


def running_kernel() -> str:
    """The release of the running kernel, the machine's own."""
    return os.uname().release
