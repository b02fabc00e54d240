"""What the operator is told about a decision: a reason for each choice, and what to look after."""

from __future__ import annotations

from firstlight.catalogue import System
from firstlight.catalogue.nvidia import branches
from firstlight.nvidia.choice import Choice, fabric_reason
from firstlight.nvidia.foreign import cautions
from firstlight.nvidia.need import need_of, usable
from firstlight.nvidia.packages import Packages
from firstlight.nvidia.state import NvidiaState
from firstlight.nvidia.version import branch_of, is_below
from firstlight.settings import HostSettings

# Since Debian 13 the headers of a kernel depend on the kernel itself.
HEADERS_WITH_KERNEL = 13


def reasons(settings: HostSettings, state: NvidiaState, choice: Choice) -> list[str]:
    """Return one sentence per choice about the driver."""
    said = list(choice.reasons)
    if choice.source != "preinstalled":
        if settings.nvidia.version:
            said.append(f"version {settings.nvidia.version}: the inventory asks for it")
        said.append(fabric_reason(state, choice))
    return said


def package_reasons(state: NvidiaState, made: Packages) -> list[str]:
    """Return why packages that keep up with kernels are among them, and which have to leave."""
    said = [
        f"{want.name}: every later kernel has to bring what its module is built with"
        for want in made.headers
        if want.name.replace("headers", "image", 1) in state.kernel_metas
    ]
    if made.absent:
        gone = ", ".join(made.absent)
        said.append(f"leaves: {gone} (another branch, packaging or kind of modules)")
    return said


def warnings(
    settings: HostSettings, state: NvidiaState, system: System, choice: Choice
) -> list[str]:
    """Return what the operator should know though it stops nothing."""
    return [
        *card_warnings(settings, state, choice),
        *driver_warnings(settings, state, choice),
        *kernel_warnings(state, system, choice),
        *(f"nvidia-smi says: {line}" for line in state.smi_warnings),
    ]


def card_warnings(settings: HostSettings, state: NvidiaState, choice: Choice) -> list[str]:
    """Return what is odd about the cards."""
    need, there = need_of(state), len(usable(state))
    said = [
        f"{name} is newer than firstlight's catalogue: it gets branch {choice.branch} with "
        "open modules; set nvidia.branch if it needs a newer one"
        for name in need.unknown
        if choice.source != "preinstalled"
    ]
    if need.left_out:
        said.append(
            f"no driver that still gets fixes runs {', '.join(need.left_out)}: it is left out "
            "and not counted, and shows nothing but a plain console"
        )
    count = settings.nvidia.count
    if count is not None and there > count:
        said.append(f"{there} GPUs are on the PCI bus, nvidia.count says {count}")
    if state.gpus and len(state.gpus) < there:
        said.append(f"the driver lists {len(state.gpus)} of {there} GPUs")
    return said


def driver_warnings(settings: HostSettings, state: NvidiaState, choice: Choice) -> list[str]:
    """Return what is wrong with the driver though it works."""
    if choice.source == "preinstalled":
        return cautions(state)
    row, there = branches().get(choice.branch), state.user_space
    if row is None:
        return [f"branch {choice.branch} is not in firstlight's catalogue"]
    said = []
    if row.ended:
        said.append(f"branch {row.number} gets no security fixes any more (ended {row.eol})")
    stays = state.recorded and branch_of(there) == choice.branch and not settings.nvidia.version
    if stays and is_below(there, row.floor):
        said.append(
            f"driver {there} is below {row.floor}, which has security fixes: where its repository "
            f"has that one, set nvidia.version to {row.newest}; else the repository is too old"
        )
    return said


def kernel_warnings(state: NvidiaState, system: System, choice: Choice) -> list[str]:
    """Return that a new kernel comes with the headers that are wanted."""
    number = system.version.split(".")[0]
    debian = system.id == "debian" and number.isdecimal() and int(number) >= HEADERS_WITH_KERNEL
    if not debian or choice.source != "cuda-repo":
        return []
    metas = [name.replace("image", "headers", 1) for name in sorted(state.kernel_metas)]
    return [
        f"{name} brings the newest kernel along, which the next boot takes: Debian's headers "
        "depend on their kernel"
        for name in metas
        if name not in state.header_packages
    ]
