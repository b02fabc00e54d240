"""Contradictions of the GPU layer: versions, sources, GPU numbers, MIG."""

from __future__ import annotations

from collections.abc import Iterator

from firstlight.catalogue.nvidia import branches
from firstlight.settings.host import HostSettings
from firstlight.settings.nvidia import Nvidia
from firstlight.settings.problem import Problem

_SLICES = 7
"""Compute slices that every GPU with MIG has."""


def nvidia_contradictions(host: HostSettings) -> Iterator[Problem]:
    """Every contradiction between the GPU layer's settings, and with the models'."""
    yield from _version(host.name, host.nvidia)
    yield from _source(host.name, host.nvidia)
    yield from _mig(host.name, host.nvidia)
    count = host.nvidia.count
    if count is None:
        return
    for index, model in enumerate(host.models):
        beyond = [n for n in model.gpus if n >= count] if isinstance(model.gpus, tuple) else []
        if beyond:
            found = f"GPU {', '.join(map(str, beyond))}"
            yield Problem(host.name, f"models[{index}].gpus", found, _below(count))


def _below(count: int) -> str:
    known = "only 0" if count == 1 else f"numbers from 0 to {count - 1}"
    return f"{known}: nvidia.count is {count}"


def _version(host: str, nvidia: Nvidia) -> Iterator[Problem]:
    if nvidia.version is None:
        return
    branch = int(nvidia.version.split(".")[0])
    if nvidia.branch not in (None, branch):
        expected = f"a version of branch {nvidia.branch}, or the branch {branch}"
        yield Problem(host, "nvidia.version", nvidia.version, expected)
    elif branch not in branches():
        expected = f"a version of one of the branches {', '.join(map(str, branches()))}"
        yield Problem(host, "nvidia.version", nvidia.version, expected)


def _source(host: str, nvidia: Nvidia) -> Iterator[Problem]:
    if nvidia.repository is not None and nvidia.source in ("distro", "preinstalled"):
        expected = f"none: nvidia.source is {nvidia.source}, which does not use it"
        yield Problem(host, "nvidia.repository", "a repository", expected)


def _mig(host: str, nvidia: Nvidia) -> Iterator[Problem]:
    used: dict[str, int] = {}
    for devices, profile, instances in nvidia.divisions:
        key = f'nvidia.mig["{devices}-{profile}"]'
        if devices != "all" and nvidia.count is not None and int(devices) >= nvidia.count:
            yield Problem(host, key, f"GPU {devices}", _below(nvidia.count))
        used[devices] = used.get(devices, 0) + int(profile[0]) * instances
    every = used.pop("all", 0)
    for devices, slices in (used or {"all": 0}).items():
        if slices + every > _SLICES:
            found = f"{slices + every} compute slices on GPU {devices}"
            expected = f"at most {_SLICES}: the number before the g is what an instance takes"
            yield Problem(host, "nvidia.mig", found, expected)
