"""The package repositories that a host needs for its driver and toolkit, with proven keys."""

from __future__ import annotations

from firstlight.catalogue import System
from firstlight.catalogue.nvidia import (
    default,
    driver_set,
    places,
    release_of,
    signing_keys,
    vendor,
)
from firstlight.errors import FirstlightError
from firstlight.nvidia.decision import Repository, Source
from firstlight.nvidia.signing import proven, unknown_key
from firstlight.nvidia.state import NvidiaState
from firstlight.rendering import TEMPLATES
from firstlight.settings import HostSettings, Mirror

DRIVER = "nvidia-cuda"
TOOLKIT = "nvidia-container-toolkit"
KEYRINGS = TEMPLATES / "etc/apt/keyrings"
# What NVIDIA calls a machine in its repository, and Debian in the toolkit's.
FOLDERS = {"x86_64": "x86_64", "aarch64": "sbsa"}
DEBIAN = {"x86_64": "amd64", "aarch64": "arm64"}


def repositories(
    settings: HostSettings, state: NvidiaState, system: System, source: Source
) -> tuple[Repository, ...]:
    """Return the repositories, the driver's first where it is from one.

    Raises :class:`FirstlightError` for a key that is missing or not the one it has to be, and
    where NVIDIA has nothing for the system.
    """
    toolkit = toolkit_repository(settings, state, system)
    if source != "cuda-repo":
        return (toolkit,)
    return (driver_repository(settings, state, system), toolkit)


def driver_repository(settings: HostSettings, state: NvidiaState, system: System) -> Repository:
    """Return NVIDIA's CUDA repository for the system, or the mirror of it."""
    mirror = settings.nvidia.repository
    if mirror is not None:
        return mirrored(DRIVER, mirror, f"{settings.name}: nvidia.repository.key")
    release = release_of(system)
    place = places().get(release)
    if place is None or state.machine not in place.architectures:
        has = ", ".join(place.architectures) if place else "nothing"
        raise FirstlightError(
            f"NVIDIA has no driver packages for {release} on {state.machine}",
            where=f"{settings.name}: nvidia.source",
            why=f"its repository has {has} for {release}",
            fix="use another system, or install a driver yourself and set nvidia.source to "
            '"preinstalled"',
        )
    url = f"{vendor().url}/{place.folder}/{FOLDERS[state.machine]}"
    usual = default().branch
    own = '; or set nvidia.source to "distro"' if driver_set(system, "distro", usual) else ""
    return vendors(DRIVER, url, place.key, f"{settings.name}: nvidia.repository", own)


def toolkit_repository(settings: HostSettings, state: NvidiaState, system: System) -> Repository:
    """Return the container toolkit's repository, or the mirror of it."""
    mirror = settings.nvidia.toolkit_repository
    if mirror is not None:
        return mirrored(TOOLKIT, mirror, f"{settings.name}: nvidia.toolkit_repository.key")
    row = vendor()
    pattern = row.toolkit_apt if system.manager == "apt" else row.toolkit_dnf
    url = pattern.format(architecture=DEBIAN.get(state.machine, ""), machine=state.machine)
    return vendors(TOOLKIT, url, row.toolkit_key, f"{settings.name}: nvidia.toolkit_repository")


def mirrored(name: str, mirror: Mirror, where: str) -> Repository:
    """Return a mirror as a repository, its key proven."""
    key = proven(mirror.key, mirror.fingerprint, where)
    return Repository(name, mirror.url, key, mirror.fingerprint)


def vendors(name: str, url: str, key: str, where: str, otherwise: str = "") -> Repository:
    """Return a repository of NVIDIA's own, with the key that travels with firstlight."""
    row = signing_keys()[key]
    if not row.file:
        raise unknown_key(row.url, row.fingerprint, where, url, otherwise)
    text = proven(KEYRINGS / row.file, row.fingerprint, where)
    return Repository(name, url, text, row.fingerprint)
