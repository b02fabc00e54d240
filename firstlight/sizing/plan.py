"""What is asked of a model: context, requests at a time, and how it is spread over the cards."""

from __future__ import annotations

from dataclasses import dataclass

from firstlight.sizing.machine import Machine

GIB = 2**30
DEFAULT_UTILIZATION = 0.92
"""vLLM's default share of a card's memory (0.33.0)."""


@dataclass(frozen=True)
class Plan:
    """``concurrency`` requests of ``context`` tokens each, prompt and answer together.

    ``batched`` are the tokens that the engine computes at a time; 0: vLLM's default for the card.
    ``allocates`` is True for engines that take the memory of every request at their start
    (llama.cpp, Ollama), where fewer tokens than context × concurrency are refused. ``beside`` are
    bytes on each card for what is loaded beside the model: LoRA adapters, a draft model.
    ``extended``: flags stretch the model beyond the context that it was trained for (YaRN).
    """

    context: int
    concurrency: int = 1
    kv_cache_dtype: str = "auto"
    utilization: float = DEFAULT_UTILIZATION
    tensor: int = 1
    pipeline: int = 1
    data: int = 1
    batched: int = 0
    allocates: bool = False
    beside: int = 0
    extended: bool = False

    @property
    def cards(self) -> int:
        """How many cards it takes."""
        return self.tensor * self.pipeline * self.data

    @property
    def kv_width(self) -> int:
        """Bytes of one value in the KV cache."""
        return 1 if self.kv_cache_dtype.startswith("fp8") else 2

    def batched_on(self, machine: Machine) -> int:
        """Tokens computed at a time: by memory, as vLLM 0.33.0 chooses for its server."""
        if self.batched:
            return self.batched
        if machine.cuda_bytes >= 160 * GIB:
            return 16384
        return 8192 if machine.cuda_bytes >= 70 * GIB and "A100" not in machine.name else 2048


def spread(heads: int, machine: Machine) -> tuple[int, int]:
    """Tensor and pipeline parallel sizes over all cards of ``machine``.

    Tensor parallel stays inside a host and divides the attention ``heads``; the rest is pipeline.
    """
    each = max(1, machine.count // machine.nodes)
    tensor = max(n for n in range(1, each + 1) if each % n == 0 and heads % n == 0)
    return tensor, max(1, machine.count // tensor)
