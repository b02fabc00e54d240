"""Settings of costs: what energy and hardware cost."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StrictStr

from firstlight.settings.section import Section
from firstlight.settings.value import text

Currency = Annotated[StrictStr, text(r"[A-Z]{3}", "a currency's three letters (example: EUR)")]


class Cost(Section):
    """What a million tokens cost: energy, and hardware over its life."""

    currency: Currency = Field(default="EUR", description="Currency of the prices.")
    energy_per_kwh: float = Field(default=0.30, ge=0, le=100, description="Price of a kWh.")
    hardware: float = Field(default=0.0, ge=0, description="Price of this host.")
    years: float = Field(
        default=4.0, gt=0, le=30, description="Years over which it is written off."
    )
    overhead: float = Field(
        default=1.0,
        ge=1,
        le=5,
        description="Energy of the room for each kWh of the hosts (PUE).",
    )
