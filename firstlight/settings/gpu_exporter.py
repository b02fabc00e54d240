"""Settings of the DCGM exporter: what GPUs say of themselves."""

from __future__ import annotations

from pydantic import Field

from firstlight.settings.model_value import Image
from firstlight.settings.section import Section
from firstlight.settings.value import Flag


class GpuExporter(Section):
    """NVIDIA's DCGM exporter, in a container."""

    enabled: Flag = Field(
        default=True, description="Whether GPUs are measured, where there are any."
    )
    image: Image | None = Field(
        default=None, description="Its image; the catalogue's by default, pinned by the lock."
    )
