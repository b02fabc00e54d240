"""GPU layers as facts: a bare host with its cards, and one on which all is as decided."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from firstlight.catalogue import System
from firstlight.facts.good import LastGood
from firstlight.facts.initramfs import StaleInitramfs
from firstlight.facts.nvidia import NvidiaProbe
from firstlight.facts.packages import InstalledPackages, Packages
from firstlight.facts.reboot import RebootAsked
from firstlight.facts.services import UnitStates
from firstlight.nvidia.decide import decide
from firstlight.nvidia.decision import Decision, Want
from firstlight.nvidia.good import good_of
from firstlight.nvidia.state import Fabric, Gpu, NvidiaState, PciDevice
from firstlight.settings import HostSettings

KERNEL = {"apt": "6.12.48-amd64", "dnf": "5.14.0-611.el9.x86_64"}
RTX_4090, H100, B200, V100, SWITCH = 0x2684, 0x2330, 0x2901, 0x1DB1, 0x22A3


def cards(system: System, device: int = RTX_4090, count: int = 1, **changes: Any) -> NvidiaState:
    """A host with cards on its bus and nothing else of a GPU layer."""
    kernel = KERNEL[system.manager]
    bus = tuple(PciDevice(f"0000:{n:02x}:00.0", device, 0x030200) for n in range(1, count + 1))
    state = NvidiaState(
        kernel=kernel, next_kernel=kernel, boot_id="boot-1", gpus_on_bus=bus, machine="x86_64"
    )
    return replace(state, **changes)


def version(want: Want) -> str:
    """A version that is of the series wanted."""
    if want.series.endswith("."):
        return f"{want.series}178.04-1"
    return f"{want.series or '1'}-1"


def wants(decision: Decision) -> tuple[Want, ...]:
    return (*decision.pinning, *decision.headers, *decision.driver, *decision.toolkit)


def working(state: NvidiaState, decision: Decision) -> NvidiaState:
    """The same host, once the decision is carried out."""
    driver = state.loaded or f"{decision.branch}.178.04"
    count = len(state.gpus_on_bus)
    return replace(
        state,
        loaded=driver,
        user_space=driver,
        modules={state.kernel: driver, state.next_kernel: driver},
        gpus=tuple(Gpu(n, f"GPU-{n}", "a card", 24564 * 2**20, "9.0") for n in range(count)),
        packages={**state.packages, **{want.name: version(want) for want in wants(decision)}},
        toolkit="1.20.0",
        cdi_devices=frozenset(f"nvidia.com/gpu={n}" for n in ("all", *range(count))),
        cdi_specs=("/var/run/cdi/nvidia.yaml",),
        fabric=Fabric(f"{driver}-1", True, "Completed", "Success"),
        recorded=decision.driver_is_ours,
    )


def answers(
    settings: HostSettings, system: System, state: NvidiaState, asked: dict[str, Any]
) -> dict[type, Any]:
    """What the facts of the GPU layer say on a host where it stands."""
    decision = decide(settings, state, system)
    there = working(state, decision)
    versions = {want.name: version(want) for want in wants(decision)}
    names = {name: versions.get(name, "1") for name in asked.get("names", ())}
    return {
        NvidiaProbe: there,
        InstalledPackages: Packages(names, holds=frozenset(versions)),
        UnitStates: dict.fromkeys(asked.get("units", ()), ("active", "enabled")),
        StaleInitramfs: [],
        RebootAsked: ("", ""),
        LastGood: [good_of(there, decision)],
    }
