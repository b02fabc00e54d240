"""From settings, a host's state and the catalogue to one decision: a pure function."""

from __future__ import annotations

from firstlight.catalogue import System
from firstlight.catalogue.nvidia import branches, card_of, default
from firstlight.nvidia.choice import Choice, choose, fabric_reason
from firstlight.nvidia.decision import Decision
from firstlight.nvidia.need import need_of, needs_fabric, needs_subnet
from firstlight.nvidia.packages import packages, toolkit_wants
from firstlight.nvidia.repositories import repositories
from firstlight.nvidia.state import NvidiaState
from firstlight.nvidia.version import branch_of, is_below
from firstlight.settings import HostSettings

PERSISTENCE = "nvidia-persistenced.service"
FABRIC = "nvidia-fabricmanager.service"


def decide(settings: HostSettings, state: NvidiaState, system: System) -> Decision:
    """Return what the GPU layer of the host shall be, every choice with its reason.

    Raises :class:`~firstlight.errors.FirstlightError` for nothing that
    :func:`~firstlight.nvidia.obstacles.obstacles` has let pass.
    """
    wanted, choice = settings.nvidia, choose(settings, state, system)
    ours = choice.source != "preinstalled"
    made = packages(wanted.version, state, system, choice)
    fabric = needs_fabric(state)
    return Decision(
        source=choice.source,
        branch=choice.branch,
        version=(wanted.version or "") if ours else state.loaded,
        modules=choice.modules,
        repositories=repositories(settings, state, system, choice.source),
        pinning=made.pinning,
        driver=made.driver,
        headers=made.headers,
        toolkit=toolkit_wants(wanted.toolkit),
        units=(PERSISTENCE, *((FABRIC,) if fabric else ())) if ours else (),
        count=wanted.count or len(state.gpus_on_bus),
        fabric=fabric,
        kernel_modules=("ib_umad",) if ours and needs_subnet(state) else (),
        absent=made.absent,
        module_stream=made.stream,
        reasons=tuple(reasons(settings, state, choice, made.absent)),
        warnings=tuple(warnings(settings, state, choice)),
    )


def reasons(
    settings: HostSettings, state: NvidiaState, choice: Choice, absent: tuple[str, ...]
) -> list[str]:
    """Return one sentence per choice."""
    wanted = settings.nvidia
    said = list(choice.reasons)
    if choice.source != "preinstalled":
        if wanted.version:
            said.append(f"version {wanted.version}: the inventory asks for it")
        said.append(fabric_reason(state))
    usual = wanted.toolkit == default().toolkit
    said.append(
        f"container toolkit {wanted.toolkit}: "
        + ("the catalogue's" if usual else "the inventory asks for it")
    )
    if absent:
        said.append(f"leaves: {', '.join(absent)} (another branch, packaging or kind of modules)")
    return said


def warnings(settings: HostSettings, state: NvidiaState, choice: Choice) -> list[str]:
    """Return what the operator should know though it stops nothing."""
    said, need, row = [], need_of(state), branches().get(choice.branch)
    for name in need.unknown:
        said.append(
            f"{name} is newer than firstlight's catalogue: it gets branch {choice.branch} with "
            "open modules; set nvidia.branch if it needs a newer one"
        )
    if row is not None and row.ended:
        said.append(f"branch {row.number} gets no security fixes any more (ended {row.eol})")
    if choice.source == "preinstalled" and row is not None and is_below(state.loaded, row.floor):
        said.append(f"driver {state.loaded} is below {row.floor}, which has security fixes")
    if branch_of(state.loaded) and row is None:
        said.append(f"branch {choice.branch} is not in firstlight's catalogue")
    count, there = settings.nvidia.count, len(state.gpus_on_bus)
    if count is not None and there > count:
        said.append(f"{there} GPUs are on the PCI bus, nvidia.count says {count}")
    odd = [d.address for d in state.gpus_on_bus if card_of(d.device) is None]
    if odd and not need.unknown and state.gpus and len(state.gpus) < there:
        said.append(f"the driver lists {len(state.gpus)} of {there} GPUs")
    return said
