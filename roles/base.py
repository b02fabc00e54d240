"""Base: what every host has before anything else.

Packages the other roles need, the clock, and the two folders in which firstlight keeps its
state: /etc/firstlight (what shall be) and /var/lib/firstlight (what was).
"""

from __future__ import annotations

from pathlib import Path

from pyinfra.api.deploy import deploy

from firstlight.catalogue import System
from firstlight.operations import packages, services
from firstlight.operations.files import Directory, files
from firstlight.settings import HostSettings
from roles.owned import Owned

OWNS = Owned(
    files=("/etc/firstlight/", "/var/lib/firstlight/", "/usr/local/lib/firstlight/"),
    units=("{clock}",),
    packages=("ca-certificates", "curl", "iproute2", "python3", "{clock}", "nftables"),
)


def common(system: System) -> tuple[str, ...]:
    """Return the packages that every host of a system needs.

    For dnf some are named by what they bring: curl may be there as curl-minimal, which the
    package curl conflicts with.
    """
    if system.manager == "dnf":
        return ("ca-certificates", "/usr/bin/curl", "iproute", system.python)
    return ("ca-certificates", "curl", "iproute2", Path(system.python).name)


@deploy("Base")
def base(settings: HostSettings, system: System) -> None:
    """Install the common packages, make our folders, keep the clock right."""
    wanted = settings.base
    clock = (system.clock,) if wanted.time_sync else ()
    fenced = settings.models or settings.edge.people
    firewall = ("nftables",) if settings.firewall.enabled or fenced else ()

    # install
    packages.installed(
        name="Install common packages",
        names=(*common(system), *clock, *firewall, *wanted.packages),
        lock_timeout=wanted.apt_lock_timeout,
        manager=system.manager,
    )

    # configure
    files(
        name="Make firstlight's folders",
        items=(
            Directory("/etc/firstlight"),
            Directory("/etc/firstlight/secrets", "700"),
            Directory("/var/lib/firstlight"),
            Directory("/usr/local/lib/firstlight"),
        ),
    )

    # activate
    if wanted.time_sync:
        services.running(name="Keep the clock right", unit=system.clock_unit)
