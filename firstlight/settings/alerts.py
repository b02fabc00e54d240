"""Settings of alerts: who is told of what, and what counts as too slow."""

from __future__ import annotations

from pydantic import Field

from firstlight.settings.section import Section


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
