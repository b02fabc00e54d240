"""Settings of an uninstallation: what of what can be kept goes too."""

from __future__ import annotations

from pydantic import Field

from firstlight.settings.section import Section
from firstlight.settings.value import Flag


class Uninstall(Section):
    """What ``deploys/uninstall.py`` removes beside what is firstlight's alone."""

    packages: Flag = Field(
        default=False,
        description="Whether the packages that firstlight installed are purged, with Docker's "
        "images and the accounts that they made; without it they stay, and their services are off.",
    )
    weights: Flag = Field(
        default=False, description="Whether the models' weights in /srv/models are removed."
    )
