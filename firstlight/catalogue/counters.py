"""Counters of the DCGM exporter, by the class of card that has them."""

from __future__ import annotations

from functools import cache
from types import MappingProxyType
from typing import Literal

from pydantic import Field

from firstlight.catalogue.load import rows, table
from firstlight.catalogue.row import Row

GpuClass = Literal["geforce", "datacenter"]


class CounterRow(Row):
    """A line of the exporter's list."""

    kind: Literal["gauge", "counter"] = Field(description="Type of the metric in Prometheus.")
    help: str = Field(description="What it says, with its unit; without a comma.")
    classes: tuple[GpuClass, ...] = Field(description="Classes of cards that have it.")


@cache
def counters() -> MappingProxyType[str, CounterRow]:
    """Counters by name, in the order in which they are listed."""
    return rows(table("counters")["counter"], CounterRow)
