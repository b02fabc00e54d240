"""The model that is sized: its dimensions, and how many bytes its weights have."""

from __future__ import annotations

from dataclasses import dataclass, replace

from firstlight.catalogue import models
from firstlight.catalogue.architecture import Architecture
from firstlight.sizing.parameters import Parameters, parameters
from firstlight.sizing.quantization import ONLINE, weight_bytes


@dataclass(frozen=True)
class Subject:
    """A model as it is published: ``bytes`` of weights in the format ``quantization``.

    ``online`` is what the engine makes of the weights while it loads them, by its own name.
    ``row`` is its name in the catalogue and ``repo`` its repository, where they are known;
    ``checked`` tells whether its dimensions were read at their source.
    """

    name: str
    architecture: Architecture
    bytes: int
    quantization: str = "bf16"
    context: int = 0
    row: str = ""
    repo: str = ""
    online: str = ""
    checked: bool = True

    @property
    def parameters(self) -> Parameters:
        """How many parameters it has."""
        return parameters(self.architecture)

    def quantized(self, name: str) -> Subject:
        """The same model in the format ``name``, by arithmetic alone."""
        return replace(self, quantization=name, bytes=weight_bytes(self.parameters, name))


def loaded_as(subject: Subject, online: str) -> Subject:
    """``subject`` as vLLM quantizes 16-bit weights at loading: just in time, layer by layer."""
    if subject.quantization != "bf16" or online not in ONLINE:
        return subject
    return replace(subject.quantized(ONLINE[online]), online=online)


def architecture_of(name: str) -> Architecture | None:
    """The dimensions of a row of the catalogue, its own or those of the row it is like."""
    row = models()[name]
    return row.architecture or (architecture_of(row.like) if row.like else None)


def from_row(name: str) -> Subject | None:
    """The model of the catalogue's row ``name``; None where its dimensions are not known."""
    row, architecture = models()[name], architecture_of(name)
    if architecture is None:
        return None
    return Subject(
        name=name,
        architecture=architecture,
        bytes=row.bytes,
        quantization=row.quantization,
        context=row.context,
        row=name,
        repo=row.repo,
        checked=row.checked,
    )
