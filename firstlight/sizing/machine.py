"""The cards that a model is sized for, and how much of their memory can be had."""

from __future__ import annotations

from dataclasses import dataclass, replace

from firstlight.catalogue.nvidia import gpu_cards
from firstlight.catalogue.nvidia_row import GpuCard

MIB = 2**20
RESERVED_MIB = 768
"""What CUDA reports less than nvidia-smi shows: 400 to 800 MiB on the cards of the catalogue
(23.52 GiB on an RTX 4090, 139.8 on an H200, 39.4 on an A100 40GB, as vLLM's logs print it)."""
_SOLD = 0.94
"""Part of a card's nominal GiB that is taken where no real figure is known (ECC, reserves)."""
_ONE_HOST = 8


@dataclass(frozen=True)
class Machine:
    """``count`` cards of one kind, ``mib`` of memory each as nvidia-smi shows it.

    ``nodes`` is on how many hosts they are, ``compute`` their CUDA compute capability, and
    ``checked`` tells whether the memory was read: at the card, or in the catalogue's source.
    """

    name: str
    mib: int
    compute: float
    count: int = 1
    nodes: int = 1
    card: str = ""
    checked: bool = True

    @property
    def cuda_bytes(self) -> int:
        """Bytes of one card as a CUDA program sees them."""
        return max(0, self.mib - RESERVED_MIB) * MIB

    def of(self, count: int) -> Machine:
        """The same with ``count`` cards, eight to a host at most."""
        nodes = -(-count // _ONE_HOST) if count > _ONE_HOST else 1
        return replace(self, count=count, nodes=max(nodes, 1))

    def __str__(self) -> str:
        hosts = f" on {self.nodes} hosts" if self.nodes > 1 else ""
        return f"{self.count} × {self.name}{hosts}" if self.count > 1 else self.name


def from_card(name: str, count: int = 1, mib: int = 0) -> Machine:
    """Cards of the catalogue; ``mib`` is what the card itself reports, where it was asked."""
    row = gpu_cards()[name]
    known = mib or row.mib
    memory = known or int(row.memory * 1024 * _SOLD)
    one = Machine(row.name, memory, float(row.compute), card=name, checked=bool(known))
    return one.of(count)


def from_read(row: GpuCard | None, mib: int, count: int = 1) -> Machine:
    """Cards as a host shows them: the catalogue's row where there is one, and their memory."""
    if row is None:
        return Machine("unknown GPU", mib, 99.0, count)
    memory = mib or row.mib or int(row.memory * 1024 * _SOLD)
    return Machine(row.name, memory, float(row.compute), count, checked=bool(mib or row.mib))
