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
from firstlight.nvidia.foreign import fault_of_driver, is_foreign
from firstlight.nvidia.need import Need, need_of, needs_fabric, needs_subnet
from firstlight.nvidia.state import NvidiaState
from firstlight.nvidia.version import branch_of
from firstlight.settings import HostSettings


@dataclass(frozen=True)
class Choice:
    """What was chosen, each with the sentence that says why.

    ``fabric`` is whether the host itself manages NVLink between its cards, ``subnet`` whether
    that takes a subnet manager too.
    """

    source: Source
    branch: int
    modules: Modules
    reasons: tuple[str, ...]
    fabric: bool = False
    subnet: bool = False


def choose(settings: HostSettings, state: NvidiaState, system: System) -> Choice:
    """Choose source, branch and modules; also where the result is impossible, to say so."""
    need = need_of(state)
    source, why_source = chosen_source(settings, state, system)
    branch, why_branch = chosen_branch(settings, state, system, source, need)
    modules, why_modules = chosen_modules(settings, state, source, need)
    ours = settings.nvidia.fabric != "off"
    return Choice(
        source,
        branch,
        modules,
        (why_source, why_branch, why_modules),
        fabric=ours and needs_fabric(state),
        subnet=ours and needs_subnet(state),
    )


def chosen_source(settings: HostSettings, state: NvidiaState, system: System) -> tuple[Source, str]:
    """Return whose driver it is, and why.

    Somebody else's driver is never replaced unasked: where it does not work or is not what the
    inventory asks for, that is an obstacle, and whoever reads it decides.
    """
    wanted = settings.nvidia
    if wanted.source != "auto":
        return wanted.source, f"source {wanted.source}: the inventory asks for it"
    if is_foreign(state):
        works = "does not work" if fault_of_driver(state) else "works"
        return "preinstalled", (
            f"source preinstalled: driver {state.loaded or state.user_space} {works} (nvidia-smi "
            f"lists {len(state.gpus)} GPUs) and is not firstlight's, so nothing of it is touched"
        )
    if state.secure_boot and driver_set(system, "distro", wanted.wanted_branch or default().branch):
        return "distro", (
            f"source distro: Secure Boot is on, and {system.id} has modules that its own key signs"
        )
    why = "the driver here is firstlight's own" if state.recorded else "no driver is there yet"
    return "cuda-repo", f"source cuda-repo: {why}"


def chosen_branch(
    settings: HostSettings, state: NvidiaState, system: System, source: Source, need: Need
) -> tuple[int, str]:
    """Return the branch, and why."""
    wanted = settings.nvidia.wanted_branch
    if source == "preinstalled":
        there = state.loaded or state.user_space
        return branch_of(there), f"driver {there or 'none'}: it is the one there"
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
    why = f"a card here needs {need.oldest} or newer"
    if oldest >= need.oldest:
        why = f"NVIDIA's repository for {release_of(system)} has none before {oldest}"
    return newest, f"branch {newest}: {why}{_care(newest)}"


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


def chosen_modules(
    settings: HostSettings, state: NvidiaState, source: Source, need: Need
) -> tuple[Modules, str]:
    """Return the kind of kernel modules, and why."""
    if source == "preinstalled" and state.loaded_modules:
        there: Modules = "open" if state.loaded_modules == "open" else "proprietary"
        return there, f"{there} modules: they are the ones there"
    asked = settings.nvidia.modules
    if asked != "auto":
        return asked, f"{asked} modules: the inventory asks for them"
    if need.proprietary_only:
        named = ", ".join(need.proprietary_only)
        return "proprietary", f"proprietary modules: the open ones do not run {named}"
    if need.open_only:
        return "open", f"open modules: no others run {', '.join(need.open_only)}"
    return "open", "open modules: NVIDIA's choice from Turing on"


def fabric_reason(state: NvidiaState, choice: Choice) -> str:
    """Return why there is a fabric manager, or why there is none."""
    if needs_fabric(state) and not choice.fabric:
        return "no fabric manager: the inventory switches it off (nvidia.fabric)"
    if state.switches:
        return f"fabric manager: {len(state.switches)} NVSwitches are on the PCI bus"
    if choice.fabric:
        return "fabric manager and subnet manager: these boards have NVSwitches off the PCI bus"
    return "no fabric manager: no NVSwitch is here"
