"""The names under which clients ask for a model's LoRA adapters: engines differ."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from firstlight.settings import Model


def adapter_names(model: Model) -> tuple[str, ...]:
    """Return what stands in a request's ``model`` for each adapter, in the order of the settings.

    SGLang takes ``MODEL:ADAPTER``, and answers with the model itself to an adapter's bare name.
    llama.cpp has no names for adapters: a request lists them by number, so there are none here.
    """
    if model.engine == "llamacpp":
        return ()
    prefix = f"{model.public}:" if model.engine == "sglang" else ""
    return tuple(prefix + lora.name for lora in model.lora)
