"""A model of the settings as what is sized: which subject, which plan, which cards."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from firstlight.catalogue import models
from firstlight.catalogue.named import model_name
from firstlight.sizing.machine import MIB, Machine
from firstlight.sizing.plan import DEFAULT_UTILIZATION, GIB, Plan
from firstlight.sizing.quantization import FORMATS
from firstlight.sizing.subject import Subject, from_row, loaded_as

if TYPE_CHECKING:
    from firstlight.settings import Model

WHOLE = ("llamacpp", "ollama")
"""Engines that take the cache of all requests at their start, and divide a model by its layers."""
STRETCHING = ("hf-overrides", "rope-scaling", "json-model-override-args", "yarn-orig-ctx")
"""Flags by which engines take contexts longer than the model's own."""
OFFLOADING = (
    "n-gpu-layers", "gpu-layers", "ngl", "cpu-moe", "n-cpu-moe", "override-tensor", "fit",
    "cpu-offload-gb",
)  # fmt: skip
"""Flags by which engines leave a part of the weights in the host's memory."""
_GGUF = re.compile(r"(q4_k_m|q5_k_m|q8_0|bf16|f16)", re.I)
_ADAPTER, _DRAFT = 256 * MIB, GIB
"""What an adapter and a draft model are taken for where their bytes are not given."""


def subject_of(model: Model) -> Subject | None:
    """The catalogue's model that ``model`` serves; None where its dimensions are not known."""
    repo = model.source.location if model.source.scheme == "hf" else ""
    name = (model_name(repo) if repo else None) or _by_engine(model)
    found = from_row(name) if name else None
    if found is None:
        return None
    if model.engine in WHOLE:
        quantized = found.quantized(_gguf(model.file or model.source.location))
        return _with_bytes(quantized, model.bytes)
    return loaded_as(found, model.quantization or "")


def _by_engine(model: Model) -> str | None:
    """A GGUF file or a model of Ollama by its name: their repositories are others'."""
    if model.engine not in WHOLE:
        return None
    tag = model.source.location.removeprefix("library/")
    known = {row.ollama: name for name, row in models().items() if row.ollama}
    return known.get(tag) or model_name(model.name)


def _gguf(name: str) -> str:
    found = _GGUF.search(name)
    said = found[1].lower() if found else "q4_k_m"
    return said if said in FORMATS else "bf16"


def _with_bytes(subject: Subject, given: int | None) -> Subject:
    return replace(subject, bytes=int(given)) if given else subject


def plan_of(model: Model, cards: int) -> Plan:
    """What ``model`` asks for, on ``cards`` cards of each host."""
    from firstlight.engines.placement import sizes

    whole = model.engine in WHOLE
    tensor, pipeline, data = (1, max(cards, 1), 1) if whole else sizes(model, cards)
    batched = model.args.get("max-num-batched-tokens", 0)
    return Plan(
        context=model.context,
        concurrency=model.concurrency,
        kv_cache_dtype=model.kv_cache_dtype,
        utilization=model.gpu_memory_utilization or DEFAULT_UTILIZATION,
        tensor=tensor,
        pipeline=pipeline,
        data=data,
        batched=batched if isinstance(batched, int) else 0,
        allocates=whole,
        beside=_beside(model) // max(1, tensor),
        extended=any(name in model.args for name in STRETCHING),
    )


def _beside(model: Model) -> int:
    adapters = sum(int(each.bytes or _ADAPTER) for each in model.lora)
    draft = model.speculative.draft if model.speculative else None
    return adapters + (int(draft.bytes or _DRAFT) if draft else 0)


def cards_of(model: Model, there: int | None) -> int | None:
    """Cards of one replica on this host, 0 without a GPU; None where that is not known."""
    if model.gpus == 0:
        return 0
    if model.gpus == "all":
        return None if there is None else max(1, there // model.replicas)
    if isinstance(model.gpus, tuple):
        return max(1, len(model.gpus) // model.replicas)
    return model.gpus


def machine_for(model: Model, one: Machine, cards: int) -> Machine:
    """The cards of one copy of ``model``: ``cards`` like ``one`` on each of its hosts."""
    return replace(one, count=cards * model.nodes, nodes=model.nodes)
