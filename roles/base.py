"""Base: what every host has before anything else.

Packages the other roles need, the clock, and the two folders in which firstlight keeps its
state: /etc/firstlight (what shall be) and /var/lib/firstlight (what was).
"""

from __future__ import annotations

from pyinfra.api.deploy import deploy

from firstlight.operations import packages, services
from firstlight.operations.files import Directory, files
from firstlight.settings import HostSettings
from roles.owned import Owned

PACKAGES = ("ca-certificates", "curl", "iproute2", "python3")
CLOCK = "systemd-timesyncd"

OWNS = Owned(
    files=("/etc/firstlight/", "/var/lib/firstlight/", "/usr/local/lib/firstlight/"),
    units=(f"{CLOCK}.service",),
    packages=(*PACKAGES, CLOCK),
)


@deploy("Base")
def base(settings: HostSettings) -> None:
    """Install the common packages, make our folders, keep the clock right."""
    wanted = settings.base
    clock = (CLOCK,) if wanted.time_sync else ()

    # install
    packages.installed(
        name="Install common packages",
        names=(*PACKAGES, *clock, *wanted.packages),
        lock_timeout=wanted.apt_lock_timeout,
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
        services.running(name="Keep the clock right", unit=f"{CLOCK}.service")
