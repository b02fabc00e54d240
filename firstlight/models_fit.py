"""Whether the models of a host fit the cards that it shows, before anything is changed."""

from __future__ import annotations

from collections.abc import Iterator

from firstlight.catalogue.nvidia import card_of
from firstlight.engines.warnings import warnings
from firstlight.errors import FirstlightError
from firstlight.nvidia.state import NvidiaState
from firstlight.settings import HostSettings
from firstlight.sizing.check import obstacles, unsized, verdicts
from firstlight.sizing.machine import MIB, Machine, from_read


def machines(found: NvidiaState) -> list[Machine]:
    """Return one entry per card: by its PCI id, with the memory that the driver reports if any.

    A card that neither the catalogue nor the driver knows is left out: it cannot be judged.
    """
    read = [gpu.memory // MIB for gpu in found.gpus]
    memory = read if len(read) == len(found.gpus_on_bus) else [0] * len(found.gpus_on_bus)
    pairs = zip([card_of(each.device) for each in found.gpus_on_bus], memory, strict=True)
    return [from_read(card, mib) for card, mib in pairs if card is not None or mib]


def misfits(settings: HostSettings, found: NvidiaState | None) -> list[FirstlightError]:
    """Return why models would not start on these cards, each with ways out."""
    return list(obstacles(settings, machines(found))) if found else []


def sizes(settings: HostSettings, found: NvidiaState | None) -> list[str]:
    """Return what each model has room for on these cards, in one sentence each."""
    return list(verdicts(settings, machines(found))) if found else []


def remarks(settings: HostSettings, found: NvidiaState | None) -> Iterator[str]:
    """Yield what an operator should know of models that are deployed all the same."""
    yield from warnings(settings)
    for name in unsized(settings) if found else ():
        yield (
            f"{name}: whether it fits is not known, since its dimensions are not in the catalogue; "
            f"firstlight size reads them from its repository"
        )
