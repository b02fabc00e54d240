"""Packages, installed on a host where something else may be using its package manager now."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Literal

from pyinfra import host
from pyinfra.api import StringCommand, operation

from firstlight.errors import FirstlightError
from firstlight.facts.packages import InstalledPackages, Packages
from firstlight.manifest import installing
from firstlight.operations import apt, dnf
from firstlight.operations.commands import explained, script

Manager = Literal["apt", "dnf"]


def missing(names: Sequence[str], have: Packages) -> list[str]:
    """Return those of ``names`` that are not installed."""
    return [name for name in names if name not in have.versions]


def awaited(manager: Manager, lock_timeout: int) -> StringCommand:
    """Return the command that waits, so many seconds, until nobody else uses ``manager``."""
    return explained(
        script({"apt": apt, "dnf": dnf}[manager].AWAIT, str(lock_timeout)),
        FirstlightError(
            f"{manager} is in use by another program",
            where=host.name,
            fix="wait until it has ended and run again, or raise base.apt_lock_timeout",
        ),
    )


@operation()
def installed(
    names: Sequence[str], lock_timeout: int = 300, manager: Manager = "apt"
) -> Generator[StringCommand, None, None]:
    """
    Install packages; mends a dpkg that was cut off half-way first.

    + names: package names; for dnf also what packages provide, such as /usr/bin/curl
    + lock_timeout: seconds to wait for another user of the package manager
    + manager: the host's package manager
    """
    have: Packages = host.get_fact(InstalledPackages, names=tuple(names)) or Packages()
    wanted = missing(names, have)
    if not wanted and not have.interrupted:
        host.noop(f"{len(names)} packages are installed")
        return
    yield awaited(manager, lock_timeout)
    yield by_dnf(wanted, lock_timeout) if manager == "dnf" else by_apt(names, wanted, lock_timeout)


def by_apt(names: Sequence[str], wanted: Sequence[str], lock_timeout: int) -> StringCommand:
    """Return the command that installs ``names`` with apt, of which ``wanted`` are missing."""
    command = script(installing(apt.INSTALL), str(lock_timeout), *names)
    if not wanted:
        return explained(command, half_way())
    return explained(
        command,
        FirstlightError(
            f"packages could not be installed: {' '.join(wanted)}",
            where=host.name,
            why="apt-get's own words stand above",
            fix="see that the host reaches its package mirror (apt-get update), then run again",
        ),
    )


def half_way() -> FirstlightError:
    """The error of packages that dpkg began with, and cannot finish."""
    return FirstlightError(
        "dpkg was left half-way, and what it has to finish fails",
        where=host.name,
        why="the words of dpkg stand above",
        fix="mend the package that they name, then run again. Where dkms cannot build the GPU "
        "driver for a new kernel: remove that kernel's packages (the host is not rebooted into "
        "it), or go back to a driver that builds: pyinfra INVENTORY deploys/gpu_rollback.py",
    )


def by_dnf(wanted: Sequence[str], lock_timeout: int) -> StringCommand:
    """Return the command that installs ``wanted`` with dnf.

    Only what is missing is named to dnf: what another package provides (curl-minimal for curl)
    would conflict with the package of that name.
    """
    return explained(
        script(installing(dnf.INSTALL), str(lock_timeout), *wanted),
        FirstlightError(
            f"packages could not be installed: {' '.join(wanted)}",
            where=host.name,
            why="dnf's own words stand above",
            fix="see that the host reaches its repositories (dnf makecache; on RHEL also "
            "subscription-manager status), then run again; what is there for a newer kernel only "
            "comes with dnf upgrade and a reboot",
        ),
    )
