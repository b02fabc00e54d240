"""Settings of the base role: what every host gets first."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from firstlight.settings.section import Section
from firstlight.settings.value import Flag, Listed, Package, Seconds


class Base(Section):
    """The ground the other roles stand on: packages and the clock."""

    packages: Annotated[tuple[Package, ...], Listed] = Field(
        default=(), description="Further packages to install from the host's own archives."
    )
    time_sync: Flag = Field(
        default=True,
        description="Whether the host's clock is kept right, by what its distribution comes with: "
        "systemd-timesyncd or chrony.",
    )
    apt_lock_timeout: Seconds = Field(
        default=300,
        description="How long to wait for another user of apt or dnf to finish, in seconds.",
    )
