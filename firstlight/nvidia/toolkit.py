"""Which container toolkit a host gets: what is asked for, what is there, or the catalogue's."""

from __future__ import annotations

from firstlight.catalogue.nvidia import default
from firstlight.nvidia.choice import Choice
from firstlight.nvidia.decision import Want
from firstlight.nvidia.health import upstream
from firstlight.nvidia.packages import TOOLKIT
from firstlight.nvidia.state import NvidiaState
from firstlight.nvidia.version import is_below
from firstlight.settings import HostSettings


def toolkit_wants(
    settings: HostSettings, state: NvidiaState, choice: Choice
) -> tuple[tuple[Want, ...], str]:
    """Return the container toolkit's packages, and the sentence that says why.

    One that is there is kept with the packages that it has: beside somebody else's driver, and
    where it is newer than the catalogue's; not with known holes, and not against the inventory.
    """
    asked, usual = settings.nvidia.toolkit, default().toolkit
    if asked:
        return _all(asked), f"container toolkit {asked}: the inventory asks for it"
    there = upstream(state.packages.get(TOOLKIT[0], ""))
    if there and not is_below(there, default().toolkit_floor):
        why = ""
        if is_below(usual, there):
            why = f"it is there and newer than {usual}, the catalogue's"
        elif choice.source == "preinstalled" and there != usual:
            why = "it is there beside a driver that is not firstlight's"
        if why:
            kept = [name for name in TOOLKIT if upstream(state.packages.get(name, "")) == there]
            return tuple(Want(name, there) for name in kept), f"container toolkit {there}: {why}"
    return _all(usual), f"container toolkit {usual}: the catalogue's"


def _all(version: str) -> tuple[Want, ...]:
    return tuple(Want(name, version) for name in TOOLKIT)
