"""Whether a host's GPU layer works as decided: what is missing, and what only a reboot mends."""

from __future__ import annotations

import re

from firstlight.nvidia.decision import Decision, Want
from firstlight.nvidia.state import NvidiaState

# The node that a container is given for all GPUs together.
ALL = "nvidia.com/gpu=all"


def upstream(version: str) -> str:
    """Return a package version without its epoch and revision: ``3:580.9-1`` is ``580.9``."""
    return re.sub(r"^\d+:", "", version).rsplit("-", 1)[0]


def satisfies(version: str, want: Want) -> bool:
    """Tell whether the package ``version`` is of the series that is wanted."""
    bare = re.sub(r"^\d+:", "", version)
    if want.series.endswith("."):
        return bare.startswith(want.series)
    whole = re.sub(r"^\d+:", "", want.series)
    return not whole or bare == whole or upstream(bare) == whole


def unbuilt(state: NvidiaState, decision: Decision) -> list[str]:
    """Return the kernels, of the running and the next one, without a module of this driver."""
    if not decision.driver_is_ours:
        return []
    kernels = dict.fromkeys(filter(None, (state.kernel, state.next_kernel)))
    return [
        kernel
        for kernel in kernels
        if not state.modules.get(kernel) or state.modules[kernel] != state.user_space
    ]


def reboot_reasons(state: NvidiaState, decision: Decision) -> list[str]:
    """Return why the driver cannot work before a reboot, as sentences; empty: it can."""
    if not decision.driver_is_ours:
        return []
    reasons = []
    if state.nouveau:
        reasons.append("nouveau holds the GPU in the running kernel")
    if not state.loaded:
        reasons.append(f"the module of driver {state.user_space} is not loaded into the kernel")
    elif state.loaded != state.user_space:
        reasons.append(
            f"the kernel runs the module of driver {state.loaded}, "
            f"the installed programs are those of {state.user_space}"
        )
    elif state.loaded_modules and state.loaded_modules != decision.modules:
        reasons.append(
            f"the kernel runs the {state.loaded_modules} module, not the {decision.modules} one"
        )
    return reasons


def trouble(state: NvidiaState, decision: Decision) -> str:
    """Return what is wrong with the driver as it runs, with the evidence; empty: nothing."""
    if state.smi_error or not state.gpus:
        said = state.smi_error or "nvidia-smi lists no GPU"
        return "; ".join([said, *state.evidence[-3:]])
    if len(state.gpus) < decision.count:
        listed = ", ".join(f"{gpu.index}: {gpu.name}" for gpu in state.gpus)
        bus = ", ".join(device.address for device in state.gpus_on_bus)
        return f"nvidia-smi lists {len(state.gpus)} of {decision.count} GPUs ({listed}); on the PCI bus: {bus}"
    return ""


def fabric_trouble(state: NvidiaState, decision: Decision) -> str:
    """Return what is wrong with the NVLink fabric; empty: nothing, or there is none."""
    if not decision.fabric:
        return ""
    fabric = state.fabric
    if upstream(fabric.manager) != state.loaded:
        return f"the fabric manager is {fabric.manager or 'missing'}, the driver {state.loaded}"
    if not fabric.active:
        return "nvidia-fabricmanager.service does not run"
    if fabric.state and (fabric.state, fabric.status) != ("Completed", "Success"):
        return f"nvidia-smi says of the fabric: {fabric.state}, {fabric.status}"
    return ""


def cdi_trouble(state: NvidiaState) -> str:
    """Return why containers cannot be given the GPUs by CDI; empty: they can."""
    if len(state.cdi_specs) > 1:
        return f"several specifications define the GPUs: {', '.join(state.cdi_specs)}"
    wanted = {ALL}
    for gpu in state.gpus:
        # With MIG on, a GPU is given by its parts.
        parts = [f"{gpu.index}:{part}" for part in range(len(gpu.mig_devices))]
        wanted |= {f"nvidia.com/gpu={name}" for name in parts or [str(gpu.index)]}
    missing = sorted(wanted - state.cdi_devices)
    return f"the CDI specification lacks {', '.join(missing)}" if missing else ""
