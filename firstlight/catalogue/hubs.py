"""Public sources of weights, and where they send a download on to."""

from __future__ import annotations

from functools import cache
from types import MappingProxyType

from pydantic import Field

from firstlight.catalogue.load import rows, table
from firstlight.catalogue.row import Row


class PublicHub(Row):
    """One public hub, asked where a model's settings name no other."""

    url: str = Field(description="Where it is asked.")
    content: tuple[str, ...] = Field(description="Hosts that it sends a download on to.")


@cache
def public_hubs() -> MappingProxyType[str, PublicHub]:
    """Hubs by the scheme of the sources that they are for."""
    return rows(table("hubs"), PublicHub)
