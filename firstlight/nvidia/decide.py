"""From settings, a host's state and the catalogue to one decision: a pure function."""

from __future__ import annotations

from firstlight.catalogue import System
from firstlight.nvidia.advice import package_reasons, reasons, warnings
from firstlight.nvidia.choice import choose
from firstlight.nvidia.decision import Decision
from firstlight.nvidia.displaced import displaced
from firstlight.nvidia.need import usable
from firstlight.nvidia.packages import packages
from firstlight.nvidia.repositories import repositories
from firstlight.nvidia.state import NvidiaState
from firstlight.nvidia.toolkit import toolkit_wants
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
    toolkit, why_toolkit = toolkit_wants(settings, state, choice)
    known = repositories(settings, state, system, choice.source)
    return Decision(
        source=choice.source,
        branch=choice.branch,
        version=(wanted.version or "") if ours else state.loaded,
        modules=choice.modules,
        repositories=known,
        pinning=made.pinning,
        driver=made.driver,
        headers=made.headers,
        toolkit=toolkit,
        units=(PERSISTENCE, *((FABRIC,) if choice.fabric else ())) if ours else (),
        count=wanted.count or len(usable(state)),
        fabric=choice.fabric,
        kernel_modules=("ib_umad",) if ours and choice.subnet else (),
        absent=made.absent,
        module_stream=made.stream,
        reasons=(
            *reasons(settings, state, choice),
            why_toolkit,
            *package_reasons(state, made),
        ),
        warnings=tuple(warnings(settings, state, system, choice)),
        displaced=displaced(state, system, known),
    )
