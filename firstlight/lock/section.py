"""What a lock holds: for every inventory its images, weights and packages, all immutable."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictInt, StrictStr

SCHEMA = 1

_EXAMPLES = {
    r"sha256:[0-9a-f]{64}": "sha256: and 64 hex digits",
    r"[0-9a-f]{40}|sha256:[0-9a-f]{64}": "a commit of 40 hex digits, or sha256: and 64",
    r"sha256:[0-9a-f]{64}|git:[0-9a-f]{40}": "sha256: and 64 hex digits, or git: and 40",
}


def _text(pattern: str) -> AfterValidator:
    compiled, expected = re.compile(pattern), _EXAMPLES.get(pattern, pattern)

    def check(value: str) -> str:
        if not compiled.fullmatch(value):
            raise ValueError(f"expected {expected}")
        return value

    return AfterValidator(check)


Digest = Annotated[StrictStr, _text(r"sha256:[0-9a-f]{64}")]
Revision = Annotated[StrictStr, _text(r"[0-9a-f]{40}|sha256:[0-9a-f]{64}")]
Sum = Annotated[StrictStr, _text(r"sha256:[0-9a-f]{64}|git:[0-9a-f]{40}")]


class Part(BaseModel):
    """A part of a lock: frozen, and nothing in it that is not known."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class File(Part):
    """One file of some weights: its size in bytes and its checksum."""

    bytes: Annotated[StrictInt, Field(ge=0)]
    sum: Sum


class Weights(Part):
    """What a source of weights means: its revision (a commit or a digest), and its files."""

    revision: Revision
    files: dict[StrictStr, File] = Field(default_factory=dict)

    @property
    def bytes(self) -> int:
        """Size of all files together, in bytes."""
        return sum(file.bytes for file in self.files.values())


class Section(Part):
    """What one inventory asks for: image by tag, source of weights, package → what they mean."""

    images: dict[StrictStr, Digest] = Field(default_factory=dict)
    weights: dict[StrictStr, Weights] = Field(default_factory=dict)
    packages: dict[StrictStr, StrictStr] = Field(default_factory=dict)


class Lock(Part):
    """The sections of all inventories of a folder, by their file names."""

    inventories: dict[StrictStr, Section] = Field(default_factory=dict)

    def section(self, inventory: str) -> Section:
        """The section of the inventory with this file name; an empty one if it has none."""
        return self.inventories.get(inventory, Section())

    def replaced(self, inventory: str, section: Section) -> Lock:
        """The same lock with another section for one inventory; an empty one is left out."""
        others = {name: each for name, each in self.inventories.items() if name != inventory}
        if section != Section():
            others[inventory] = section
        return Lock(inventories=others)
