"""Settings of alerts: who is told of what, and what counts as too slow."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, StrictInt

from firstlight.settings.quiet import AlertName, Reason
from firstlight.settings.receiver import Receiver, Watchdog
from firstlight.settings.section import Section
from firstlight.settings.value import Seconds, Slug, whole

Hours = Annotated[StrictInt, AfterValidator(whole(0, 8760, "a number of hours"))]


class Slo(Section):
    """What users are promised; alerts say where it is not kept."""

    ttft_p95: float = Field(
        default=2.0, gt=0, le=600, description="Seconds to the first token, for 95 of 100 requests."
    )
    itl_p95: float = Field(
        default=0.1, gt=0, le=60, description="Seconds from token to token, for 95 of 100."
    )
    errors: float = Field(default=0.01, gt=0, lt=1, description="Share of requests that may fail.")


class Alerts(Section):
    """Alerts and who gets them."""

    slo: Slo = Field(default_factory=Slo, description="What users are promised.")
    receivers: dict[Slug, Receiver] = Field(
        default_factory=dict, description="Who is told, by a name of your own."
    )
    watchdog: Watchdog | None = Field(
        default=None, description="Who calls you when the monitor itself is silent."
    )
    wait: Seconds = Field(
        default=15, description="Seconds to gather alerts of one kind before the first message."
    )
    interval: Seconds = Field(
        default=120, description="Seconds before a message says what changed since the last one."
    )
    off: dict[AlertName, Reason] = Field(
        default_factory=dict, description="Alerts that are not made, each with the reason."
    )
    patience: float = Field(
        default=1.0,
        ge=0.01,
        le=10,
        description="How many times as long as usual something has to last before it is told.",
    )
    backup_hours: Hours = Field(
        default=0,
        description="Hours after which a host's last backup is too old; 0: none is made.",
    )
