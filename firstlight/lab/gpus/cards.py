"""Kinds of GPU hardware a lab host can have: real PCI ids and sizes, no silicon."""

from __future__ import annotations

from dataclasses import dataclass, field

DISPLAY, COMPUTE, BRIDGE, AUDIO = "0x030000", "0x030200", "0x068000", "0x040300"


@dataclass(frozen=True)
class Profile:
    """A MIG profile: its id for `-cgi`, its parts of a GPU (7 compute, 8 memory), MiB."""

    name: str
    number: int
    compute: int
    memory: int
    mib: int


@dataclass(frozen=True)
class Card:
    """A GPU model. ``memory`` in MiB as nvidia-smi tells it; ``power`` default, least, most (W)."""

    name: str
    device: str
    pci_class: str
    memory: int
    compute_capability: str
    power: tuple[int, int, int]
    modules: tuple[str, ...] = ("open", "proprietary")
    """Flavours of the kernel module that drive it."""
    last_branch: int = 0
    """The last driver branch that drives it; 0: every one."""
    fabric: bool = False
    audio: str = ""
    """PCI id of the card's HDMI audio function: NVIDIA's vendor id, and no GPU."""
    profiles: tuple[Profile, ...] = ()


@dataclass(frozen=True)
class Kind:
    """What a host has: ``count`` cards, and NVSwitches on its PCI bus."""

    card: Card
    count: int = 1
    switches: tuple[str, ...] = field(default=())


RTX_4090 = Card(
    "NVIDIA GeForce RTX 4090", "0x2684", DISPLAY, 24564, "8.9", (450, 150, 600), audio="0x22ba"
)
H100 = Card(
    "NVIDIA H100 80GB HBM3",
    "0x2330",
    COMPUTE,
    81559,
    "9.0",
    (700, 200, 700),
    fabric=True,
    profiles=(
        Profile("1g.10gb", 19, 1, 1, 9856),
        Profile("1g.20gb", 15, 1, 2, 19968),
        Profile("2g.20gb", 14, 2, 2, 19968),
        Profile("3g.40gb", 9, 3, 4, 40320),
        Profile("4g.40gb", 5, 4, 4, 40320),
        Profile("7g.80gb", 0, 7, 8, 81050),
    ),
)
B200 = Card(
    "NVIDIA B200",
    "0x2901",
    COMPUTE,
    183359,
    "10.0",
    (1000, 200, 1000),
    modules=("open",),
    fabric=True,
    profiles=(
        Profile("1g.23gb", 19, 1, 1, 22656),
        Profile("1g.45gb", 15, 1, 2, 45568),
        Profile("2g.45gb", 14, 2, 2, 45568),
        Profile("3g.90gb", 9, 3, 4, 91136),
        Profile("4g.90gb", 5, 4, 4, 91136),
        Profile("7g.180gb", 0, 7, 8, 182272),
    ),
)
V100 = Card(
    "Tesla V100-SXM2-16GB",
    "0x1db1",
    COMPUTE,
    16384,
    "7.0",
    (300, 150, 300),
    modules=("proprietary",),
    last_branch=580,
)

KINDS: dict[str, Kind] = {
    "rtx4090": Kind(RTX_4090),
    "2xrtx4090": Kind(RTX_4090, 2),
    "8xh100": Kind(H100, 8, ("0x22a3",) * 4),
    # On B200 boards the NVSwitches are not on the host's bus.
    "8xb200": Kind(B200, 8),
    "v100": Kind(V100),
}
