"""What the DCGM exporter measures: the class of a host's cards, and the counters they have."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Literal

from firstlight.catalogue.counters import CounterRow, GpuClass, counters
from firstlight.catalogue.nvidia import card_of, gpu_cards

if TYPE_CHECKING:
    from firstlight.nvidia.state import PciDevice
    from firstlight.settings import HostSettings

PROFILING = "DCGM_FI_PROF_"
"""How the names of counters begin for which the exporter needs CAP_SYS_ADMIN."""
COMPUTE = 0x0302
"""PCI class of a card without a display, the first four of its six digits."""


def class_of(devices: Iterable[PciDevice]) -> GpuClass | None:
    """Return the class of the cards on a host's bus; None where there are none.

    Where both are, it is a data-centre host: what a GeForce has not is left out by the exporter.
    """
    known = [_data_centre(device) for device in devices]
    if not known:
        return None
    return "datacenter" if any(known) else "geforce"


def _data_centre(device: PciDevice) -> bool:
    card = card_of(device.device)
    return card.data_centre if card is not None else device.pci_class >> 8 == COMPUTE


def declared_class(settings: HostSettings) -> Literal["geforce", "datacenter", "none"]:
    """Return the class that a host's settings tell, for those who cannot look at its bus.

    Where ``nvidia.card`` does not name the card it is ``geforce``: what is asked of that class every
    card has.
    """
    if not settings.nvidia.enabled:
        return "none"
    card = settings.nvidia.card
    return "datacenter" if card is not None and gpu_cards()[card].data_centre else "geforce"


def listed(
    gpu_class: GpuClass, *, profiling: bool, without: Collection[str] = ()
) -> dict[str, CounterRow]:
    """Return the counters of a class by name: those of profiling only with ``profiling``."""
    return {
        name: row
        for name, row in counters().items()
        if gpu_class in row.classes
        and name not in without
        and (profiling or not name.startswith(PROFILING))
    }


def counters_csv(gpu_class: GpuClass, *, profiling: bool, without: Collection[str] = ()) -> str:
    """Return the exporter's list of counters."""
    chosen = listed(gpu_class, profiling=profiling, without=without)
    lines = [f"{name}, {row.kind}, {row.help}" for name, row in chosen.items()]
    return "".join(f"{line}\n" for line in (f"# Counters of the class {gpu_class}.", *lines))
