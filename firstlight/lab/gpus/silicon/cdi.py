"""CDI specifications (version 0.5.0) as values and as YAML."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from . import live, nodes, table

KIND = "nvidia.com/gpu"
GPU = re.compile(r"^GPU (\d+): .* \(UUID: (\S+)\)$")
MIG = re.compile(r"^  MIG .*Device +(\d+): \(UUID: (\S+)\)$")
LIBRARIES = ("libnvidia-ml.so.*", "libcuda.so.*")
OPTIONS = ["ro", "nosuid", "nodev", "rbind", "rprivate"]
Device = tuple[int, int, str]
"""A GPU's index, the number of a MIG device in it (-1: the GPU itself), and the UUID."""


def gpus_listed(text: str) -> list[Device]:
    """GPUs and MIG devices in the output of ``nvidia-smi -L``."""
    found: list[Device] = []
    for line in text.splitlines():
        if match := GPU.match(line):
            found.append((int(match[1]), -1, match[2]))
        elif match := MIG.match(line):
            found.append((found[-1][0], int(match[1]), match[2]))
    return found


def specification(listed: list[Device]) -> dict[str, Any]:
    """The specification: each device by number and UUID, and all of them as ``all``.

    A GPU in MIG mode is offered as its MIG devices only.
    """
    known = table.load()
    caps = {mig.uuid: mig.cap for mig in known.migs} if known else {}
    cut = {gpu.index for gpu in known.gpus if gpu.mig == "Enabled"} if known else set()
    devices, everything = [], []
    for gpu, number, uuid in listed:
        if number < 0 and gpu in cut:
            continue
        made = [node(nodes.DEV / f"nvidia{gpu}")]
        if number >= 0:
            made.append(node(nodes.cap(caps[uuid])))
        everything += [each for each in made if each not in everything]
        for name in (str(gpu) if number < 0 else f"{gpu}:{number}", uuid):
            devices.append({"name": name, "containerEdits": {"deviceNodes": made}})
    if devices:
        devices.append({"name": "all", "containerEdits": {"deviceNodes": everything}})
    common = ("nvidiactl", "nvidia-modeset", "nvidia-uvm", "nvidia-uvm-tools")
    return {
        "cdiVersion": "0.5.0",
        "kind": KIND,
        "devices": devices,
        "containerEdits": {
            "env": ["NVIDIA_VISIBLE_DEVICES=void", "FIRSTLIGHT_GPUS=SIMULATED"],
            "deviceNodes": [node(nodes.DEV / name) for name in common],
            "mounts": mounts(),
        },
    }


def node(path: Path) -> dict[str, str]:
    """A device node of the host, under the same name in the container."""
    return {"path": str(path)}


def mounts() -> list[dict[str, Any]]:
    """nvidia-smi, the driver's libraries, and what stands for the driver: its table and readings."""
    pairs = [("/usr/bin/nvidia-smi", "/usr/bin/nvidia-smi")]
    for folder in Path("/usr/lib").glob("*-linux-gnu"):
        for pattern in LIBRARIES:
            pairs += [(str(p), str(p)) for p in sorted(folder.glob(pattern)) if not p.is_symlink()]
    pairs.append((str(table.FILE), table.IN_CONTAINER))
    # The folder: of a file that is replaced a container would keep the old one.
    pairs.append((str(live.FOLDER), live.IN_CONTAINER))
    return [{"hostPath": a, "containerPath": b, "options": OPTIONS} for a, b in pairs]


def yaml(value: Any, indent: str = "") -> str:
    """A value as YAML blocks; strings as JSON writes them, which is YAML too."""
    if isinstance(value, dict):
        items = [(f"{indent}{key}:", each) for key, each in value.items()]
    else:
        items = [(f"{indent}-", each) for each in value]
    text = ""
    for head, each in items:
        if isinstance(each, dict | list) and each:
            inner = yaml(each, indent + "  ")
            # The first key of a list's mapping stands on the dash's own line.
            text += f"{head} {inner.lstrip()}" if head.endswith("-") else f"{head}\n{inner}"
        else:
            text += f"{head} {json.dumps(each)}\n"
    return text


def names(text: str) -> list[str]:
    """Full names of a specification's devices, in JSON or in `yaml`'s form."""
    kind = re.search(r'^\s*"?kind"?: "?([^"\s,]+)', text, re.MULTILINE)
    found = re.findall(r'^\s*(?:- )?"?name"?: "?([^"\s,]+)', text, re.MULTILINE)
    return [f"{kind[1]}={name}" for name in found] if kind else []
