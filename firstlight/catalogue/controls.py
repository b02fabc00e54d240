"""Controls: what is done or looked at for a host's security, each with its reason."""

from __future__ import annotations

from functools import cache
from types import MappingProxyType

from pydantic import Field

from firstlight.catalogue.load import rows, table
from firstlight.catalogue.row import Row


class Control(Row):
    """One thing that is applied to a host, audited on it, or both; its id is its off switch."""

    id: str = Field(description="Its name, in the settings and in reports.")
    title: str = Field(description="What is so where it is in force, in one line.")
    why: str = Field(description="What it is against.")
    costs: str = Field(default="", description="What may stop working, and for whom.")
    kernel: bool = Field(
        default=False, description="Whether it is the whole kernel's: never set in a container."
    )
    sysctl: dict[str, str] = Field(
        default_factory=dict,
        description="Kernel parameters by key; '*' in a key stands for every network interface.",
    )
    least: dict[str, int] = Field(
        default_factory=dict,
        description="Of these parameters a running value that is no smaller stays as it is.",
    )
    modules: tuple[str, ...] = Field(default=(), description="Modules that are never loaded.")
    modes: dict[str, str] = Field(
        default_factory=dict,
        description="The most that a path's mode may allow, by glob; other bits are taken away.",
    )
    asked: str = Field(default="", description="Setting that asks for it; empty: it is on.")

    @property
    def area(self) -> str:
        """The first word of its id: what it is about."""
        return self.id.partition("-")[0]


@cache
def controls() -> MappingProxyType[str, Control]:
    """Controls by id, in the order of the catalogue's file."""
    written = table("controls")
    return rows({name: {"id": name, **row} for name, row in written.items()}, Control)
