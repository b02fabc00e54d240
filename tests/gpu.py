"""A host's GPU layer for tests: one RTX 4090 that works, to be broken by the test."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from firstlight.nvidia.decision import Decision, Want
from firstlight.nvidia.state import Gpu, NvidiaState, PciDevice

KERNEL, NEXT = "6.12.1-amd64", "6.12.9-amd64"
DRIVER = "580.178.04"
PACKAGES = {
    "nvidia-driver-pinning-580": "580-1",
    "nvidia-driver-cuda": f"{DRIVER}-1",
    "nvidia-kernel-open-dkms": f"{DRIVER}-1",
    "nvidia-container-toolkit": "1.20.0-1",
}
GPU = Gpu(0, "GPU-1", "NVIDIA GeForce RTX 4090", 24 * 2**30, "8.9", power_limit=450.0)

WORKING = NvidiaState(
    kernel=KERNEL,
    next_kernel=NEXT,
    boot_id="boot-1",
    gpus_on_bus=(PciDevice("0000:01:00.0", 0x2684, 0x030000, "nvidia"),),
    loaded=DRIVER,
    modules={KERNEL: DRIVER, NEXT: DRIVER},
    user_space=DRIVER,
    gpus=(GPU,),
    packages=PACKAGES,
    toolkit="1.20.0",
    cdi_devices=frozenset({"nvidia.com/gpu=all", "nvidia.com/gpu=0"}),
    cdi_specs=("/var/run/cdi/nvidia.yaml",),
)
DECISION = Decision(
    source="cuda-repo",
    branch=580,
    version="",
    modules="open",
    repositories=(),
    pinning=(Want("nvidia-driver-pinning-580"),),
    driver=(Want("nvidia-driver-cuda", "580."), Want("nvidia-kernel-open-dkms", "580.")),
    headers=(Want(f"linux-headers-{KERNEL}"),),
    toolkit=(Want("nvidia-container-toolkit", "1.20.0"),),
    units=("nvidia-persistenced.service",),
    count=1,
)


def state(**changes: Any) -> NvidiaState:
    return replace(WORKING, **changes)
