"""Parts of a model that have weights of their own: LoRA adapters, and what drafts for it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from firstlight.settings.model_value import ModelName, Pattern, Rank, Tokens, WeightsUri, Word
from firstlight.settings.section import Section
from firstlight.settings.value import Listed, RepositoryFile, Sha256, Size

# What adapters and draft models consist of; nothing that runs.
_FILES = ("*.safetensors", "*.json", "*.jinja", "*.txt", "*.model")


class Weights(Section):
    """Weights beside the model's own."""

    weights: WeightsUri = Field(description="Where they come from, as hf://ORG/NAME@COMMIT.")
    include: Annotated[tuple[Pattern, ...], Listed] = Field(
        default=_FILES, description="Patterns of the files to fetch."
    )
    file: RepositoryFile | None = Field(
        default=None, description="The GGUF file inside the source (llamacpp only)."
    )
    sha256: dict[RepositoryFile, Sha256] = Field(
        default_factory=dict, description="Checksums by file, beside those of the source itself."
    )
    bytes: Size | None = Field(default=None, description="Their size in bytes.")


class Lora(Weights):
    """A LoRA adapter, offered to clients under a name of its own."""

    name: ModelName = Field(description="Name under which clients ask for it.")
    rank: Rank = Field(default=16, description="Its rank, as its adapter_config.json says (r).")


class Speculative(Section):
    """Speculative decoding: a cheap method drafts tokens, the model accepts or refuses them."""

    method: Word = Field(description="The engine's name of the method (examples: ngram, eagle3).")
    tokens: Tokens = Field(default=4, description="Tokens drafted at a time.")
    draft: Weights | None = Field(
        default=None, description="The draft model, where the method needs one."
    )
