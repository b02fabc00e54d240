"""A driver that somebody else installed: whether one is there, works, and is what is asked for."""

from __future__ import annotations

import re

from firstlight.catalogue.nvidia import branches
from firstlight.nvidia.state import NvidiaState
from firstlight.nvidia.version import branch_of, is_below
from firstlight.settings import HostSettings

# Packages that are a driver by themselves. Others of its family are left behind by one that was
# removed, keep a branch, or come with a desktop.
CORE = re.compile(
    r"nvidia-driver(?!-(pinning|assistant|local))|nvidia-kernel-(?!common|support)|"
    r"nvidia-(dkms|headless|open|utils|compute-utils)(-|$)|libnvidia-(ml1|compute)|libcuda1$|"
    r"cuda-drivers|a?kmod-nvidia|xorg-x11-drv-nvidia|linux-(modules|objects|signatures)-nvidia"
)

UPDATE = "update it with the tool that installed it"


def core_packages(state: NvidiaState) -> list[str]:
    """Return the installed packages that bring a driver's modules or libraries."""
    return sorted(name for name in state.packages if CORE.match(name))


def is_foreign(state: NvidiaState) -> bool:
    """Tell whether a driver is there, in whatever state, that firstlight did not install."""
    there = state.loaded or state.user_space or core_packages(state)
    return bool(there) and not state.recorded


def fault_of_driver(state: NvidiaState) -> str:
    """Return why the driver that is there does not work; empty: it does."""
    if not state.loaded:
        names = core_packages(state)
        parts = [f"libnvidia-ml.so.{state.user_space}"] if state.user_space else []
        parts += [", ".join((*names[:4], "…") if len(names) > 4 else names)] if names else []
        holds = ", nouveau is" if state.nouveau else ""
        signed = "; Secure Boot is on, so modules have to be signed" if state.secure_boot else ""
        there = f"; on the disk are {' and '.join(parts)}" if parts else ""
        return f"no driver is loaded{holds}{there}{signed if parts else ''}"
    if state.smi_error.startswith("nvidia-smi "):
        return state.smi_error
    if state.smi_error:
        return f"nvidia-smi says: {state.smi_error}"
    if not state.gpus:
        return f"driver {state.loaded} is loaded and nvidia-smi lists no GPU"
    return ""


def not_as_asked(settings: HostSettings, state: NvidiaState) -> str:
    """Return what the inventory asks of the driver that the one there is not; empty: nothing.

    Where the inventory says that the driver is there already, a branch is no more than a wish.
    """
    wanted = settings.nvidia
    if wanted.version and state.loaded != wanted.version:
        return f"driver {state.loaded} is loaded, the inventory asks for {wanted.version}"
    asked = wanted.wanted_branch
    if wanted.source == "auto" and asked and branch_of(state.loaded) != asked:
        return f"driver {state.loaded} is loaded, the inventory asks for branch {asked}"
    return ""


def cautions(state: NvidiaState) -> list[str]:
    """Return what is wrong with a driver that works and is not firstlight's."""
    number = branch_of(state.loaded)
    row, newest = branches().get(number), max(branches())
    if row is None:
        said = f"branch {number} is not in firstlight's catalogue"
        if number > newest:
            return [f"{said}: whether it gets security fixes is not known"]
        return [f"{said}, which knows newer ones up to {newest}: see that it gets fixes; {UPDATE}"]
    warned = []
    if row.ended:
        warned.append(
            f"branch {number} gets no security fixes any more (ended {row.eol}): {UPDATE}"
        )
    if is_below(state.loaded, row.floor):
        warned.append(
            f"driver {state.loaded} is below {row.floor}, which has security fixes: {UPDATE}"
        )
    return warned
