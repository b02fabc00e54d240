"""Which packages make up a decision, and which ones have to leave for it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from firstlight.catalogue import System
from firstlight.catalogue.nvidia import driver_set, driver_sets
from firstlight.catalogue.nvidia_row import DriverSet
from firstlight.nvidia.choice import Choice
from firstlight.nvidia.decision import Want
from firstlight.nvidia.health import satisfies, upstream
from firstlight.nvidia.state import NvidiaState

# Names of a driver's packages: NVIDIA's, Ubuntu's and Debian's own, of any branch.
DRIVER = re.compile(
    r"(lib)?nvidia-(?!container|cuda-mps|settings)|libcuda1$|cuda-drivers|kmod-nvidia|"
    r"linux-(modules|objects|signatures)-nvidia|xserver-xorg-video-nvidia|nvlsm$|nvlink5"
)
TOOLKIT = (
    "nvidia-container-toolkit",
    "nvidia-container-toolkit-base",
    "libnvidia-container-tools",
    "libnvidia-container1",
)
_BRANCH = re.compile(r"-(\d{3})(?:[.-]|$)")


@dataclass(frozen=True)
class Packages:
    """The packages of one decision."""

    pinning: tuple[Want, ...] = ()
    driver: tuple[Want, ...] = ()
    headers: tuple[Want, ...] = ()
    absent: tuple[str, ...] = ()
    stream: str = ""


def packages(version: str | None, state: NvidiaState, system: System, choice: Choice) -> Packages:
    """Return the packages of the driver; none where it is not firstlight's."""
    row = driver_set(system, choice.source, choice.branch)
    if choice.source == "preinstalled" or row is None:
        return Packages()
    series = version or f"{choice.branch}."
    is_open = choice.modules == "open"
    fill = {"branch": str(choice.branch)}
    names = [name.format(**fill) for name in (row.open if is_open else row.proprietary)]
    signed = row.signed_open if is_open else row.signed_proprietary
    for kernel in kernels(state):
        names += [name.format(kernel=kernel, **fill) for name in signed]
    names += signed_metas(signed, state, fill)
    driver = [Want(name, "" if name.startswith("linux-") else series) for name in names]
    driver += fabric_wants(row, state, choice, series, driver)
    pinning = tuple(Want(name.format(**fill)) for name in row.pinning)
    stream = (row.stream_open if is_open else row.stream_proprietary).format(**fill)
    keep = {want.name for want in (*driver, *pinning)}
    return Packages(
        pinning=pinning,
        driver=tuple(driver),
        headers=header_wants(row, state, system),
        absent=tuple(leaving(state, choice, row, keep)),
        stream=stream,
    )


def kernels(state: NvidiaState) -> list[str]:
    """Return the running kernel and the next one, each once."""
    return list(dict.fromkeys(filter(None, (state.kernel, state.next_kernel))))


def fabric_wants(
    row: DriverSet, state: NvidiaState, choice: Choice, series: str, driver: Iterable[Want]
) -> list[Want]:
    """Return the fabric manager's packages where the cards need it.

    It refuses to run beside a driver of another version: where the driver is there already, its
    version is the fabric manager's.
    """
    if not choice.fabric:
        return []
    installed = [
        state.packages[want.name]
        for want in driver
        if want.name in state.packages and satisfies(state.packages[want.name], want)
    ]
    versions = {upstream(version) for version in installed}
    exact = versions.pop() if len(versions) == 1 and installed else series
    wants = [Want(name.format(branch=choice.branch), exact) for name in row.fabric]
    if choice.subnet:
        wants += [Want(name) for name in row.subnet]
    return wants


def header_wants(row: DriverSet, state: NvidiaState, system: System) -> tuple[Want, ...]:
    """Return the headers of the running and the next kernel, to build modules for both.

    Those on the disk that no package brought are left alone: an archive keeps the headers of old
    kernels no longer than the kernels. rpm keeps those of several kernels under one name, of
    which a query shows one. With apt a package beside the one that brings each new kernel brings
    its headers; without it an upgrade would leave the host without a driver at the next boot.
    """
    if system.manager == "apt":
        names = [
            made
            for kernel in kernels(state)
            for name in row.headers
            if (made := name.format(kernel=kernel)) in state.header_packages
            or kernel not in state.headers
        ]
        return tuple(map(Want, [*names, *header_metas(row, state)]))
    return tuple(
        Want(name.removesuffix("-{kernel}"), kernel.rsplit(".", 1)[0])
        for kernel in kernels(state)
        if kernel not in state.headers
        for name in row.headers
    )


def header_metas(row: DriverSet, state: NvidiaState) -> list[str]:
    """Return apt's packages that bring each new kernel's headers, where modules are built here."""
    if not row.headers:
        return []
    return [f"linux-headers-{flavour}" for flavour in flavours(state)]


def signed_metas(signed: tuple[str, ...], state: NvidiaState, fill: dict[str, str]) -> list[str]:
    """Return the packages that bring each new kernel's signed modules.

    A virtual machine's kernel is the generic one with fewer modules of its own.
    """
    names = [name.replace("virtual", "generic", 1) for name in flavours(state)]
    return [
        name.format(kernel=kernel, **fill) for kernel in dict.fromkeys(names) for name in signed
    ]


def flavours(state: NvidiaState) -> list[str]:
    """Return the kinds of kernels that apt keeps up to date: ``amd64``, ``generic-hwe-24.04``."""
    return sorted(name.removeprefix("linux-image-") for name in state.kernel_metas)


def leaving(state: NvidiaState, choice: Choice, row: DriverSet, keep: set[str]) -> list[str]:
    """Return installed packages of another branch, of the other modules, or of other origin."""
    return sorted(
        name
        for name in state.packages
        if name not in keep
        and DRIVER.match(name)
        and (chosen_by_name().fullmatch(name) or is_foreign(name, choice, row))
    )


@cache
def chosen_by_name() -> re.Pattern[str]:
    """Return a pattern of all packages that a decision can name: not chosen, they have to go."""
    # Debian's own name for its open modules stands beside NVIDIA's.
    names = {"nvlsm", "nvidia-driver-pinning-{branch}", "nvidia-open-kernel-dkms"}
    for row in driver_sets().values():
        names |= {*row.open, *row.proprietary, *row.fabric}
    # These go with any branch, and others depend on them.
    names -= {"nvidia-persistenced", "nvidia-modprobe"}
    any_branch = [re.escape(name).replace(r"\{branch\}", r"\d{3}") for name in sorted(names)]
    return re.compile("|".join(any_branch))


def is_foreign(name: str, choice: Choice, row: DriverSet) -> bool:
    """Tell whether a package's name is of another branch, or of another packaging."""
    found = _BRANCH.search(name)
    if found is None:
        return False
    if name.startswith("linux-") and row.origin != "distro":
        return True  # signed modules of the distribution would be loaded instead of ours
    suffixed = any("{branch}" in each for each in (*row.open, *row.pinning))
    server = "-server" in name
    return int(found[1]) != choice.branch or not suffixed or server != (row.origin == "distro")
