"""Hosts as their GPU layer reads: cards, switches, drivers that are there."""

from __future__ import annotations

from typing import Any

from firstlight.nvidia.state import Gpu, NvidiaState, PciDevice

KERNEL = "6.12.57-1"
NEXT = "6.12.63-1"


def cards(device: int, count: int = 1) -> tuple[PciDevice, ...]:
    return tuple(PciDevice(f"0000:{n + 1:02x}:00.0", device, 0x030200) for n in range(count))


def switches(count: int = 4) -> tuple[PciDevice, ...]:
    return tuple(PciDevice(f"0000:{n + 64:02x}:00.0", 0x22A3, 0x068000) for n in range(count))


def seen(count: int = 1) -> tuple[Gpu, ...]:
    return tuple(
        Gpu(n, f"GPU-{n}", "NVIDIA GeForce RTX 4090", 24564 * 2**20, "8.9") for n in range(count)
    )


def host(devices: tuple[PciDevice, ...], **more: Any) -> NvidiaState:
    return NvidiaState(**{"kernel": KERNEL, "next_kernel": NEXT, "gpus_on_bus": devices, **more})


def working(version: str, **more: Any) -> NvidiaState:
    """A host whose RTX 4090 runs with a driver of ``version`` that somebody installed."""
    packages = {"nvidia-driver-cuda": f"{version}-1", "nvidia-kernel-open-dkms": f"{version}-1"}
    given = {"loaded": version, "user_space": version, "gpus": seen(), "packages": packages}
    return host(cards(0x2684), **{**given, **more})


HGX = host(cards(0x2330, 8), switches=switches())
HOSTS: dict[str, NvidiaState] = {
    "4090": host(cards(0x2684)),
    "5090": host(cards(0x2B85)),
    "hgx": HGX,
    "h100-pcie": host(cards(0x2331, 2)),
    "b200": host(cards(0x2901, 8)),
    "secure": host(cards(0x2684), secure_boot=True),
    "nouveau": host(cards(0x2684), nouveau=True),
    "there": working("580.178.04"),
    "mismatch": working(
        "580.159.03",
        gpus=(),
        user_space="580.178.04",
        smi_error="Failed to initialize NVML: Driver/library version mismatch",
        recorded=True,
    ),
    # Somebody else's, which does not work; an old card for the screen beside a good one.
    "lame": working("580.178.04", gpus=(), smi_error="Failed to initialize NVML: Unknown Error"),
    "screen": host(cards(0x128B) + cards(0x2684)),
    "v100": host(cards(0x1DB6)),
    "k80": host(cards(0x102D, 2)),
    "none": host(()),
    "unknown": host(cards(0x3ABC)),
}
