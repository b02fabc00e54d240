"""Settings of the DCGM exporter: what GPUs say of themselves."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, StrictStr

from firstlight.catalogue.counters import counters
from firstlight.settings.model_value import Image
from firstlight.settings.section import Section
from firstlight.settings.value import Flag, Listed, wrong


def _counter(value: str) -> str:
    if value not in counters():
        raise wrong(f"a counter of the catalogue: one of {', '.join(counters())}")
    return value


Counter = Annotated[StrictStr, AfterValidator(_counter)]


class GpuExporter(Section):
    """NVIDIA's DCGM exporter, in a container."""

    enabled: Flag = Field(
        default=True, description="Whether GPUs are measured, where there are any."
    )
    image: Image | None = Field(
        default=None, description="Its image; the catalogue's by default, pinned by the lock."
    )
    profiling: Flag = Field(
        default=True,
        description="Whether data-centre cards are profiled, too (tensor cores, memory and link "
        "traffic): for that alone the container is root with CAP_SYS_ADMIN.",
    )
    without: Annotated[tuple[Counter, ...], Listed] = Field(
        default=(),
        description="Counters that are left out (example: DCGM_EXP_GPU_HEALTH_STATUS).",
    )
