"""How GPUs are divided by MIG (Multi-Instance GPU): ``{"all-1g.10gb": 7}`` as values."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from firstlight.nvidia.state import Gpu

# "all" or a GPU's index, and a profile: compute slices, memory, attributes (1g.10gb+me).
KEY = re.compile(r"(all|\d{1,2})-([1-7]g\.\d{1,3}gb(?:\+[a-z.]+)?)")


def divisions(mig: Mapping[str, int]) -> list[tuple[str, str, int]]:
    """Return (devices, profile, instances per GPU) of every entry.

    Raises ValueError for a key that is not of that form.
    """
    found = []
    for key, count in mig.items():
        match = KEY.fullmatch(key)
        if match is None:
            raise ValueError(f"{key} is not DEVICES-PROFILE")
        found.append((match[1], match[2], count))
    return found


def profiles(mig: Mapping[str, int], index: int) -> tuple[str, ...]:
    """Return the profiles of the instances that GPU ``index`` is divided into, sorted."""
    return tuple(
        sorted(
            profile
            for devices, profile, count in divisions(mig)
            if devices in ("all", str(index))
            for _ in range(count)
        )
    )


def parted(mig: Mapping[str, int], count: int) -> str:
    """Return the same for ``count`` GPUs in the words of nvidia-mig-parted (YAML, which JSON is)."""
    gpus = [
        {
            "devices": [index],
            "mig-enabled": bool(wanted := profiles(mig, index)),
            "mig-devices": {profile: wanted.count(profile) for profile in wanted},
        }
        for index in range(count)
    ]
    return json.dumps({"version": "v1", "mig-configs": {"firstlight": gpus}}, indent=2) + "\n"


def is_divided(gpu: Gpu, mig: Mapping[str, int]) -> bool:
    """Tell whether ``gpu`` is divided as ``mig`` says."""
    wanted = profiles(mig, gpu.index)
    return tuple(sorted(gpu.mig_devices)) == wanted and (gpu.mig == "enabled") == bool(wanted)
