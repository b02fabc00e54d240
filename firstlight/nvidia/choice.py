"""The three choices that all else follows from: whose driver, which branch, which modules."""

from __future__ import annotations

from dataclasses import dataclass

from firstlight.catalogue import System
from firstlight.catalogue.nvidia import (
    branches,
    default,
    driver_set,
    newest_production,
    places,
    release_of,
    vendor,
)
from firstlight.nvidia.decision import Modules, Source
from firstlight.nvidia.need import Need, need_of, needs_fabric
from firstlight.nvidia.state import NvidiaState
from firstlight.nvidia.version import branch_of, is_below
from firstlight.settings import HostSettings


@dataclass(frozen=True)
class Choice:
    """What was chosen, each with the sentence that says why."""

    source: Source
    branch: int
    modules: Modules
    reasons: tuple[str, ...]


def choose(settings: HostSettings, state: NvidiaState, system: System) -> Choice:
    """Choose source, branch and modules; also where the result is impossible, to say so."""
    need = need_of(state)
    source, why_source = chosen_source(settings, state, system)
    branch, why_branch = chosen_branch(settings, state, system, source, need)
    modules, why_modules = chosen_modules(settings, need)
    return Choice(source, branch, modules, (why_source, why_branch, why_modules))


def fault_of_driver(state: NvidiaState) -> str:
    """Return why the driver that is there cannot be kept as it is; empty: it can."""
    if not state.loaded:
        return "no driver is loaded"
    if state.smi_error:
        return f"nvidia-smi says: {state.smi_error}"
    if not state.gpus:
        return f"driver {state.loaded} is loaded and nvidia-smi lists no GPU"
    row = branches().get(branch_of(state.loaded))
    if row is not None and row.ended:
        return f"branch {row.number} of driver {state.loaded} gets no security fixes any more"
    if row is not None and is_below(state.loaded, row.floor):
        return f"driver {state.loaded} is below {row.floor}, which has the last security fixes"
    return ""


def chosen_source(settings: HostSettings, state: NvidiaState, system: System) -> tuple[Source, str]:
    """Return whose driver it is, and why."""
    wanted = settings.nvidia
    if wanted.source != "auto":
        return wanted.source, f"source {wanted.source}: the inventory asks for it"
    fault = fault_of_driver(state)
    asked = wanted.version or (str(wanted.wanted_branch) if wanted.wanted_branch else "")
    as_asked = not asked or state.loaded == asked or state.loaded.startswith(f"{asked}.")
    if not state.recorded and not fault and as_asked:
        return "preinstalled", (
            f"source preinstalled: driver {state.loaded} works (nvidia-smi lists "
            f"{len(state.gpus)} GPUs) and is not firstlight's, so nothing of it is touched"
        )
    if state.secure_boot and driver_set(system, "distro", wanted.wanted_branch or default().branch):
        return "distro", (
            f"source distro: Secure Boot is on, and {system.id} has modules that its own key signs"
        )
    return "cuda-repo", f"source cuda-repo: {_why_install(state, fault, asked)}"


def _why_install(state: NvidiaState, fault: str, asked: str) -> str:
    if state.recorded:
        return "the driver here is firstlight's own"
    if not state.loaded:
        return "no driver is there yet"
    return fault or f"driver {state.loaded} is there, and the inventory asks for {asked}"


def chosen_branch(
    settings: HostSettings, state: NvidiaState, system: System, source: Source, need: Need
) -> tuple[int, str]:
    """Return the branch, and why."""
    wanted = settings.nvidia.wanted_branch
    if source == "preinstalled":
        return branch_of(state.loaded), f"driver {state.loaded or 'none'}: it is the one there"
    if wanted is not None:
        return wanted, f"branch {wanted}: the inventory asks for it{_care(wanted)}"
    if need.unknown:
        newest = max(newest_production(), default().branch)
        named = ", ".join(need.unknown)
        return newest, f"branch {newest}: {named} is not known, so the newest that gets fixes"
    usual = default().branch
    place = places().get(release_of(system))
    known = place is not None and source == "cuda-repo" and is_nvidias(settings)
    oldest = place.oldest if place and known else 0
    if usual >= max(oldest, need.oldest) or need.newest < oldest:
        return usual, f"branch {usual}{_care(usual)}"
    fit = [
        row.number
        for row in branches().values()
        if row.role != "NFB" and not row.ended and row.number >= max(oldest, need.oldest)
    ]
    newest = min(fit, default=newest_production())
    lacks = f"NVIDIA's repository for {release_of(system)} has none before {oldest}"
    return newest, f"branch {newest}: {lacks}{_care(newest)}"


def is_nvidias(settings: HostSettings) -> bool:
    """Tell whether the driver is from NVIDIA's own repository: what a mirror has is not known."""
    mirror = settings.nvidia.repository
    return mirror is None or mirror.url.startswith(f"{vendor().url}/")


def _care(branch: int) -> str:
    row = branches().get(branch)
    if row is None:
        return ""
    kind = {"LTSB": "long-term support", "PB": "production", "NFB": "new features"}[row.role]
    ends = "ended" if row.ended else f"fixes until {row.eol}" if row.eol else "end not known"
    return f" ({kind}, {ends})"


def chosen_modules(settings: HostSettings, need: Need) -> tuple[Modules, str]:
    """Return the kind of kernel modules, and why."""
    asked = settings.nvidia.modules
    if asked != "auto":
        return asked, f"{asked} modules: the inventory asks for them"
    if need.proprietary_only:
        named = ", ".join(need.proprietary_only)
        return "proprietary", f"proprietary modules: the open ones do not run {named}"
    if need.open_only:
        return "open", f"open modules: no others run {', '.join(need.open_only)}"
    return "open", "open modules: NVIDIA's choice from Turing on"


def fabric_reason(state: NvidiaState) -> str:
    """Return why there is a fabric manager, or why there is none."""
    if state.switches:
        return f"fabric manager: {len(state.switches)} NVSwitches are on the PCI bus"
    if needs_fabric(state):
        return "fabric manager and subnet manager: these boards have NVSwitches off the PCI bus"
    return "no fabric manager: no NVSwitch is here"
