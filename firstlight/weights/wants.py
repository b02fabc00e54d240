"""What a model needs on its hosts: its own weights, its adapters' and its draft model's."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from firstlight.weights import store
from firstlight.weights.source import Source

if TYPE_CHECKING:
    from firstlight.settings.model import Model
    from firstlight.settings.model_part import Weights
    from firstlight.settings.secret_source import SecretSource


@dataclass(frozen=True)
class Want:
    """One fetch: what, from where, for which systemd instance (``name``).

    ``sha256`` are checksums by file, beside those that the source gives. ``hub``,
    ``hub_token`` and ``hub_hosts`` are the model's settings of these names.
    """

    name: str
    source: Source
    include: tuple[str, ...] = ()
    file: str = ""
    sha256: dict[str, str] = field(default_factory=dict, hash=False)
    bytes: int | None = None
    hub: str | None = None
    hub_token: SecretSource | None = None
    hub_hosts: tuple[str, ...] = ()

    @property
    def folder(self) -> str:
        """Where the weights stand on a host once they are complete."""
        return store.folder(self)

    @property
    def patterns(self) -> tuple[str, ...]:
        """Patterns of the source's files that are fetched, each once."""
        return tuple(dict.fromkeys([*self.include, *([self.file] if self.file else [])]))


def lora_name(model: str, adapter: str) -> str:
    """Return the name of the weights of ``model``'s LoRA ``adapter``."""
    return f"{model}.lora.{adapter}"


def draft_name(model: str) -> str:
    """Return the name of the weights of ``model``'s draft model."""
    return f"{model}.draft"


def wants(model: Model) -> tuple[Want, ...]:
    """Return all that ``model`` needs fetched: itself first, then adapters, then the draft."""
    found = [_want(model, model.name, model)]
    found += [_want(model, lora_name(model.name, lora.name), lora) for lora in model.lora]
    if model.speculative is not None and model.speculative.draft is not None:
        found.append(_want(model, draft_name(model.name), model.speculative.draft))
    return tuple(found)


def every(models: Iterable[Model]) -> tuple[Want, ...]:
    """Return the wants of all ``models``."""
    return tuple(want for model in models for want in wants(model))


def _want(model: Model, name: str, part: Model | Weights) -> Want:
    source = Source.parse(part.weights)
    # The model's hub and token are of its own kind of source: an S3 store is no model hub.
    same = source.scheme == Source.parse(model.weights).scheme
    return Want(
        name=name,
        source=source,
        include=tuple(part.include),
        file=part.file or "",
        sha256=dict(part.sha256),
        bytes=part.bytes,
        hub=model.hub if same else None,
        hub_token=model.hub_token if same else None,
        hub_hosts=tuple(map(str, model.hub_hosts)) if same else (),
    )
