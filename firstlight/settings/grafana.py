"""Settings of Grafana: dashboards behind TLS."""

from __future__ import annotations

from pydantic import Field

from firstlight.settings.model_value import Image
from firstlight.settings.section import Section
from firstlight.settings.value import Flag, HighPort


class Grafana(Section):
    """Grafana on a monitor, in a container, behind nginx."""

    enabled: Flag = Field(default=True, description="Whether a monitor has Grafana.")
    image: Image | None = Field(
        default=None, description="Its image; the catalogue's by default, pinned by the lock."
    )
    port: HighPort = Field(default=3443, description="TCP port of its HTTPS on the monitor.")
    anonymous: Flag = Field(
        default=False, description="Whether dashboards are shown to whoever reaches the port."
    )
