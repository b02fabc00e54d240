"""What the cards of a host need of a driver: which modules, and from which branch to which."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from firstlight.catalogue.nvidia import card_of, range_of
from firstlight.nvidia.state import NvidiaState, PciDevice

NEWEST = 9999


@dataclass(frozen=True)
class Need:
    """The needs of all cards of a host together.

    ``open_only`` and ``proprietary_only`` name the cards that only run with such modules,
    ``too_old`` those that no driver of firstlight runs where no other card is there, ``left_out``
    the same beside cards that it does run, ``unknown`` those the catalogue lacks.
    """

    open_only: tuple[str, ...] = ()
    proprietary_only: tuple[str, ...] = ()
    too_old: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    boards: tuple[str, ...] = ()
    oldest: int = 0
    newest: int = NEWEST


def name_of(device: PciDevice) -> str:
    """Return what a card is called: by its name, its architecture, or its id alone."""
    card, row = card_of(device.device), range_of(device.device)
    if card is not None:
        return f"{card.name} (10de:{device.device:04x})"
    architecture = f"{row.architecture} GPU" if row else "GPU"
    return f"{architecture} 10de:{device.device:04x}"


def names_of(devices: Iterable[PciDevice]) -> str:
    """Return the cards in a few words: ``8 x H100 SXM5 (10de:2330)``."""
    names = [name_of(device) for device in devices]
    counted = dict.fromkeys(names)
    return ", ".join(
        f"{names.count(name)} x {name}" if names.count(name) > 1 else name for name in counted
    )


def need_of(state: NvidiaState) -> Need:
    """Return what the cards on the bus need."""
    modules: dict[str, list[str]] = {"open": [], "proprietary": [], "none": [], "either": []}
    unknown, boards = [], []
    oldest, newest = 0, NEWEST
    there = usable(state)
    for device in there:
        row, card = range_of(device.device), card_of(device.device)
        if card is not None and card.link == "grace":
            boards.append(name_of(device))
        if row is None:
            unknown.append(name_of(device))
            continue
        modules[row.modules].append(name_of(device))
        oldest, newest = max(oldest, row.oldest), min(newest, row.newest)
    return Need(
        open_only=distinct(modules["open"]),
        proprietary_only=distinct(modules["proprietary"]),
        too_old=distinct(modules["none"]),
        unknown=distinct(unknown),
        boards=distinct(boards),
        left_out=distinct([name_of(each) for each in state.gpus_on_bus if each not in there]),
        oldest=oldest,
        newest=newest,
    )


def usable(state: NvidiaState) -> tuple[PciDevice, ...]:
    """Return the cards that a driver of today runs: an old one for a screen beside them is none.

    Where all are too old, all of them.
    """
    rows = {device: range_of(device.device) for device in state.gpus_on_bus}
    runs = tuple(device for device, row in rows.items() if row is None or row.modules != "none")
    return runs or state.gpus_on_bus


def distinct(names: list[str]) -> tuple[str, ...]:
    """Return each name once, in order."""
    return tuple(dict.fromkeys(names))


def needs_subnet(state: NvidiaState) -> bool:
    """Tell whether NVLink of these cards needs a subnet manager: their NVSwitches are elsewhere."""
    cards = [card_of(device.device) for device in state.gpus_on_bus]
    return any(card is not None and card.link == "hgx" for card in cards)


def needs_fabric(state: NvidiaState) -> bool:
    """Tell whether the cards are joined by NVSwitch."""
    return bool(state.switches) or needs_subnet(state)
