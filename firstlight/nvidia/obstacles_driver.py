"""A driver that cannot be installed on this system, or could not be loaded after it was."""

from __future__ import annotations

from collections.abc import Iterator

from firstlight.catalogue import System
from firstlight.catalogue.nvidia import branches, driver_set, places, release_of
from firstlight.errors import FirstlightError
from firstlight.nvidia.choice import Choice, is_nvidias
from firstlight.nvidia.packages import DRIVER
from firstlight.nvidia.state import NvidiaState
from firstlight.nvidia.version import is_below
from firstlight.settings import HostSettings

# How a host's own key comes to be trusted by its firmware. It takes a console, once: the question
# is asked before the system starts.
# Not every dkms makes a key on its own: openssl makes the same.
OWN_KEY = (
    "[ -f {key} ] || dkms generate_mok || openssl req -new -x509 -newkey rsa:2048 -nodes "
    '-days 36500 -subj "/CN=DKMS module signing key/" -outform DER '
    "-keyout /var/lib/dkms/mok.key -out {key}"
)
MOK = {
    "debian": f"apt-get install -y dkms mokutil openssl; {OWN_KEY}",
    "ubuntu": "apt-get install -y dkms mokutil shim-signed; update-secureboot-policy --new-key",
    "rhel": f"dnf install -y dkms mokutil openssl; {OWN_KEY}",
}
MOK_KEY = {"ubuntu": "/var/lib/shim-signed/mok/MOK.der"}


def driver_obstacles(
    settings: HostSettings, state: NvidiaState, system: System, choice: Choice
) -> Iterator[FirstlightError]:
    """Yield why the chosen driver cannot be installed or loaded."""
    yield from version_obstacles(settings)
    yield from packaging_obstacles(settings, system, choice)
    yield from place_obstacles(settings, system, choice)
    yield from foreign_obstacles(settings, state)
    if state.secure_boot and choice.source == "cuda-repo" and not state.enrolled:
        yield secure_boot(settings, system, choice)


def version_obstacles(settings: HostSettings) -> Iterator[FirstlightError]:
    """Yield that the version asked for has known holes."""
    version, branch = settings.nvidia.version, settings.nvidia.wanted_branch
    row = branches().get(branch or 0)
    if version and row is not None and is_below(version, row.floor):
        yield FirstlightError(
            f"driver {version} has known security holes",
            where=f"{settings.name}: nvidia.version",
            why=f"NVIDIA's bulletin of May 2026 closes them in {row.floor}",
            fix=f"set nvidia.version to {row.newest} or leave it out for the newest",
        )


def packaging_obstacles(
    settings: HostSettings, system: System, choice: Choice
) -> Iterator[FirstlightError]:
    """Yield that no packages of this branch exist for the system."""
    if driver_set(system, choice.source, choice.branch) is not None:
        return
    release = release_of(system)
    if choice.source == "distro":
        yield FirstlightError(
            f"{release} has no driver packages of its own for branch {choice.branch}",
            where=f"{settings.name}: nvidia.source",
            why="Debian's are 535 and 550, too old for CUDA 13 and for Blackwell"
            if system.id == "debian"
            else "firstlight knows signed modules of Ubuntu only",
            fix='set nvidia.source to "cuda-repo"',
        )
        return
    known = [n for n in branches() if driver_set(system, choice.source, n) is not None]
    yield FirstlightError(
        f"firstlight does not install branch {choice.branch} on {release}",
        where=f"{settings.name}: nvidia.branch",
        why=f"it knows the packages of {', '.join(map(str, known)) or 'none'} there",
        fix="choose one of them, or leave nvidia.branch out",
    )


def place_obstacles(
    settings: HostSettings, system: System, choice: Choice
) -> Iterator[FirstlightError]:
    """Yield that NVIDIA's repository for the system does not have the branch."""
    place = places().get(release_of(system))
    if choice.source != "cuda-repo" or not is_nvidias(settings) or place is None:
        return
    packaged = driver_set(system, choice.source, choice.branch) is not None
    if packaged and choice.branch < place.oldest:
        yield FirstlightError(
            f"NVIDIA's repository for {release_of(system)} has no branch {choice.branch}",
            where=f"{settings.name}: nvidia.branch",
            why=f"{place.oldest} is the oldest there",
            fix=f"set nvidia.branch to {place.oldest} or newer where the card allows it; else use "
            "Ubuntu 24.04 or Debian 12, or set nvidia.repository to one that has the branch",
        )


def foreign_obstacles(settings: HostSettings, state: NvidiaState) -> Iterator[FirstlightError]:
    """Yield that a driver is there which no package manager knows."""
    packaged = any(DRIVER.match(name) for name in state.packages)
    if state.user_space and not packaged:
        yield FirstlightError(
            f"driver {state.user_space} is there, and no package of it",
            where=settings.name,
            why=f"libnvidia-ml.so.{state.user_space} belongs to no package: NVIDIA's .run file",
            fix="nvidia-uninstall --silent, then run again; or keep that driver up to date "
            'yourself and set nvidia.source to "preinstalled"',
        )


def secure_boot(settings: HostSettings, system: System, choice: Choice) -> FirstlightError:
    """Return that the firmware will refuse modules built here, with all steps out of it."""
    family = system.id if system.id in MOK else "rhel"
    key = MOK_KEY.get(family, "/var/lib/dkms/mok.pub")
    make = MOK[family].format(key=key)
    signed = 'leave nvidia.source at "auto" for Ubuntu\'s signed modules; or ' * (
        family == "ubuntu"
    )
    return FirstlightError(
        "Secure Boot would refuse the modules of this driver",
        where=f"{settings.name}: nvidia.source",
        why=f"Secure Boot is on, the modules of branch {choice.branch} are built on the host, "
        "and the firmware does not trust the host's own key yet",
        fix=f"{signed}on the host, once: (1) {make} (2) mokutil --import {key} and choose a "
        "password (3) reboot, and at its console within ten seconds: any key, Enroll MOK, "
        "Continue, Yes, the password, Reboot (4) mokutil --test-key "
        f"{key} says it is enrolled; then run again. Or switch Secure Boot off in the firmware",
    )
