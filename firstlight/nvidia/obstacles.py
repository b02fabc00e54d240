"""Everything about a host's GPU layer that can be known to fail before anything is changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from firstlight.catalogue import System
from firstlight.catalogue.nvidia import branches, card_of, default
from firstlight.errors import FirstlightError
from firstlight.nvidia.choice import Choice, choose
from firstlight.nvidia.displaced import displaced_obstacles
from firstlight.nvidia.foreign import core_packages, fault_of_driver, not_as_asked
from firstlight.nvidia.need import name_of, names_of, usable
from firstlight.nvidia.obstacles_driver import driver_obstacles
from firstlight.nvidia.obstacles_modules import module_obstacles
from firstlight.nvidia.repositories import driver_repository, toolkit_repository
from firstlight.nvidia.state import NvidiaState
from firstlight.nvidia.version import is_below, numbers
from firstlight.settings import HostSettings

Cuda = Mapping[str, str]


def obstacles(
    settings: HostSettings, state: NvidiaState, system: System, cuda: Cuda | None = None
) -> Iterator[FirstlightError]:
    """Yield every reason why the GPU layer cannot be made, each with its fix.

    ``cuda`` is the CUDA version that each model's image asks for, by the model's name.
    """
    if not settings.nvidia.enabled:
        return
    if not state.gpus_on_bus:
        yield no_gpu(settings, state)
        return
    choice = choose(settings, state, system)
    yield from count_obstacles(settings, state)
    yield from module_obstacles(settings, state, choice)
    if choice.source == "preinstalled":
        yield from preinstalled_obstacles(settings, state)
    else:
        yield from driver_obstacles(settings, state, system, choice)
    yield from toolkit_obstacles(settings)
    yield from key_obstacles(settings, state, system, choice)
    yield from mig_obstacles(settings, state)
    yield from cuda_obstacles(settings, choice, cuda or {})


def no_gpu(settings: HostSettings, state: NvidiaState) -> FirstlightError:
    """Return that there is no GPU."""
    users = [model.name for model in settings.models if model.gpus]
    switches = f", only {len(state.switches)} NVSwitches" if state.switches else ""
    return FirstlightError(
        "no NVIDIA GPU is on the PCI bus",
        where=settings.name,
        why=f"/sys/bus/pci/devices has no function of vendor 10de and class 0300 or 0302{switches}",
        fix="seat the card and its power, or pass it through to this virtual machine; "
        + (f"or set gpus to 0 for {', '.join(users)}, and " if users else "or ")
        + 'set nvidia to {"enabled": False}',
    )


def count_obstacles(settings: HostSettings, state: NvidiaState) -> Iterator[FirstlightError]:
    """Yield that fewer GPUs are on the bus than the inventory or a model counts on."""
    there = len(usable(state))
    count = settings.nvidia.count
    where = f"{settings.name}: nvidia.count"
    if count is None:
        count = counted_on(settings)
        where = f"{settings.name}: models[].gpus"
    if there < count:
        listed = ", ".join(f"{device.address} {name_of(device)}" for device in usable(state))
        evidence = "".join(f"; {line}" for line in state.evidence[-2:])
        yield FirstlightError(
            f"{there} of {count} GPUs are on the PCI bus",
            where=where,
            why=f"found {listed}{evidence}",
            fix="a GPU that is missing here has fallen off the bus or lost its power: switch the "
            "host off and on again, reseat the card; or set the number that is there",
        )


def counted_on(settings: HostSettings) -> int:
    """Return how many GPUs the models need at the least: by number, by count, one for a copy."""
    models = settings.models
    named = {n for m in models if isinstance(m.gpus, tuple) for n in m.gpus}
    if settings.nvidia.mig:
        return max(named, default=-1) + 1  # an instance of MIG is no card
    picked = sum(m.gpus * m.replicas for m in models if isinstance(m.gpus, int))
    copies = max((m.replicas for m in models if m.gpus == "all"), default=0)
    return max(max(named, default=-1) + 1, len(named) + picked, copies)


def preinstalled_obstacles(settings: HostSettings, state: NvidiaState) -> Iterator[FirstlightError]:
    """Yield why the driver that is there cannot be used as it is."""
    fault = fault_of_driver(state)
    # A driver of no package is in the way of one that is: nobody but its own program removes it.
    bare = state.user_space and not core_packages(state)
    replace = 'set nvidia.source to "cuda-repo" to have firstlight replace it'
    if bare:
        replace = f"remove it (nvidia-uninstall --silent) and {replace}"
    if fault:
        yield FirstlightError(
            "the driver that is there does not work, and firstlight did not install it",
            where=f"{settings.name}: nvidia.source",
            why="; ".join([fault, *state.evidence[-3:]]),
            fix=f"mend it with the tool that installed it, or {replace}",
        )
    elif other := not_as_asked(settings, state):
        yield FirstlightError(
            "the driver that is there is not the one asked for, and firstlight did not install it",
            where=f"{settings.name}: nvidia.{'version' if settings.nvidia.version else 'branch'}",
            why=other,
            fix=f"leave it out to keep this driver, or {replace}",
        )


def toolkit_obstacles(settings: HostSettings) -> Iterator[FirstlightError]:
    """Yield that the toolkit has known holes."""
    wanted, floor = settings.nvidia.toolkit, default().toolkit_floor
    if wanted and is_below(wanted, floor):
        yield FirstlightError(
            f"container toolkit {wanted} lets a container out to the host",
            where=f"{settings.name}: nvidia.toolkit",
            why=f"CVE-2026-24260 (CVSS 8.5) is closed in {floor}",
            fix=f"set nvidia.toolkit to {default().toolkit}, or leave it out",
        )


def key_obstacles(
    settings: HostSettings, state: NvidiaState, system: System, choice: Choice
) -> Iterator[FirstlightError]:
    """Yield repositories that cannot be trusted, do not exist, or are there under another key."""
    makers = [toolkit_repository]
    if choice.source == "cuda-repo":
        makers.insert(0, driver_repository)
    known = []
    for made in makers:
        try:
            known.append(made(settings, state, system))
        except FirstlightError as error:
            yield error
    yield from displaced_obstacles(settings.name, state, system, known)


def mig_obstacles(settings: HostSettings, state: NvidiaState) -> Iterator[FirstlightError]:
    """Yield that cards shall be divided which cannot be."""
    named = {devices for devices, _, _ in settings.nvidia.divisions}
    whole = [
        device
        for index, device in enumerate(usable(state))
        if {"all", str(index)} & named
        and (card := card_of(device.device)) is not None
        and not card.mig
    ]
    if whole:
        yield FirstlightError(
            "these cards cannot be divided by MIG",
            where=f"{settings.name}: nvidia.mig",
            why=f"found {names_of(whole)}",
            fix="take nvidia.mig out of the host's data, or leave these cards out of it by "
            "giving the numbers of the others",
        )


def cuda_obstacles(settings: HostSettings, choice: Choice, cuda: Cuda) -> Iterator[FirstlightError]:
    """Yield models whose image asks for a newer CUDA than the driver runs."""
    row = branches().get(choice.branch)
    if row is None or not row.cuda:
        return
    for place, model in enumerate(settings.models):
        needed = cuda.get(model.name, "")
        if model.gpus and numbers(needed) > numbers(row.cuda):
            enough = [each for each in branches().values() if numbers(each.cuda) >= numbers(needed)]
            care = [each.number for each in enough if not each.ended]
            newer = f"set nvidia.branch to {care[0]}" if care else "wait for a newer driver"
            yield FirstlightError(
                f"the image of {model.name} needs CUDA {needed}, the driver runs {row.cuda}",
                where=f"{settings.name}: models[{place}].image",
                why=f"NVIDIA_REQUIRE_CUDA of the image says so; branch {choice.branch} is of "
                f"CUDA {row.cuda}",
                fix=f"{newer}, or use an image for CUDA {row.cuda} or older",
            )
