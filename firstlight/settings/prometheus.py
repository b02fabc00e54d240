"""Settings of Prometheus: how long it keeps what it measures, and where else that goes."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, ByteSize, Field, StrictInt

from firstlight.settings.section import Section
from firstlight.settings.value import Listed, SitePath, Size, whole

Days = Annotated[StrictInt, AfterValidator(whole(1, 3650, "a number of days"))]


class Prometheus(Section):
    """Prometheus on a monitor."""

    mode: Literal["server", "agent"] = Field(
        default="server", description="server; agent: sends everything on and keeps nothing."
    )
    retention_days: Days = Field(default=30, description="Days after which samples are dropped.")
    retention_size: Size = Field(
        default=ByteSize(20_000_000_000),
        description="Size of its database at which the oldest samples are dropped.",
    )
    rules: Annotated[tuple[SitePath, ...], Listed] = Field(
        default=(), description="Files with rules of your own."
    )
