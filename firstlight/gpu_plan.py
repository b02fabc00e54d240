"""The GPU layer of the current host as a plan: forward to what is declared, or back."""

from __future__ import annotations

from pyinfra import host

from firstlight import adapter, registry
from firstlight.catalogue import System
from firstlight.catalogue.nvidia import card_of
from firstlight.errors import FirstlightError
from firstlight.facts.good import LastGood
from firstlight.facts.nvidia import NvidiaProbe
from firstlight.facts.probe import Probe
from firstlight.nvidia import cuda, good, health
from firstlight.nvidia.choice import choose
from firstlight.nvidia.decide import decide
from firstlight.nvidia.decision import Decision
from firstlight.nvidia.obstacles import obstacles
from firstlight.nvidia.state import NvidiaState
from firstlight.operations.driver import Policy
from firstlight.settings import HostSettings

REBOOT: dict[Policy, str] = {
    "auto": "done",
    "ask": "asked for; where nobody can answer the run ends before it",
    "never": "not done; the run ends before it",
}


def gpu_state(settings: HostSettings) -> NvidiaState | None:
    """Return what the host has of GPUs and their driver; None where they are not our business."""
    return (host.get_fact(NvidiaProbe) or NvidiaState()) if settings.nvidia.enabled else None


def gpu_layer(
    settings: HostSettings, system: System, probe: Probe, found: NvidiaState | None
) -> Decision | None:
    """Return what the host's GPU layer shall be; None where it has none.

    Raises FirstlightError for what cannot be done, all of it at once.
    """
    if found is None:
        return None
    asked = cuda_asked(settings, found, system, probe)
    refused = list(obstacles(settings, found, system, asked))
    if refused:
        raise FirstlightError("\n".join(str(error) for error in refused))
    decision = decide(settings, found, system)
    if not stands(found, decision):
        explain(decision, settings.nvidia.reboot)
    for warning in decision.warnings:
        adapter.say(f"{settings.name}: WARNING: {warning}")
    return decision


def gpu_return(settings: HostSettings, system: System) -> Decision | None:
    """Return the way back to what was last proven on the host; None where it has no GPU layer.

    Raises FirstlightError where there is nothing to return to.
    """
    found = gpu_state(settings)
    if found is None:
        return None
    proven = host.get_fact(LastGood, path=good.PATH) or []
    target = good.to_return_to(found, proven)
    if target is None:
        raise FirstlightError(
            "there is no other driver to return to",
            where=f"{settings.name}: {good.PATH}",
            why=f"proven here: {'; '.join(map(str, proven)) or 'nothing yet'}",
            fix="set nvidia.branch or nvidia.version in the inventory, and run deploys/gpu.py",
        )
    declared = decide(settings, found, system)
    decision = good.returned(declared, target, found)
    explain(decision, settings.nvidia.reboot)
    if target.branch != declared.branch:
        adapter.say(
            f"{settings.name}: WARNING: the inventory leads to branch {declared.branch}: set "
            f"nvidia.branch to {target.branch}, or the next run of deploys/gpu.py goes there again"
        )
    return decision


def cuda_asked(
    settings: HostSettings, found: NvidiaState, system: System, probe: Probe
) -> dict[str, str]:
    """Return the CUDA version that the image of each model asks of the driver, by model.

    The registry is asked, before anything is changed; not for an image that the host already has
    beside this very branch.
    """
    branch = choose(settings, found, system).branch
    cards = [card_of(device.device) for device in found.gpus_on_bus]
    data_centre = all(card is not None and card.data_centre for card in cards)
    known = probe.images if found.loaded.startswith(f"{branch}.") else frozenset()
    asked = {}
    for model in settings.models:
        if model.gpus and model.image not in known:
            entry = settings.docker.registries.get(registry.split(model.image)[0])
            architecture = {"aarch64": "arm64"}.get(probe.arch, "amd64")
            said = registry.environment(model.image, entry.ca if entry else None, architecture)
            asked[model.name] = cuda.needed(said.get(cuda.VARIABLE, ""), branch, data_centre)
    return asked


def stands(found: NvidiaState, decision: Decision) -> bool:
    """Tell whether all that is decided is installed already."""
    wants = (*decision.pinning, *decision.driver, *decision.toolkit)
    return all(
        want.name in found.packages and health.satisfies(found.packages[want.name], want)
        for want in wants
    )


def explain(decision: Decision, policy: Policy) -> None:
    """Show the operator every choice with its reason."""
    adapter.say(f"{host.name}: the GPU layer")
    for reason in decision.reasons:
        adapter.say(f"  {reason}")
    if decision.driver_is_ours:
        adapter.say(f"  reboot, if the driver takes one: {REBOOT[policy]}")
