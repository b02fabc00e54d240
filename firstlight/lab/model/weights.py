"""Random weights of a tiny Llama, the same bits on every machine.

Only integer sums and single correctly rounded multiplications are used: the usual samplers of
normal numbers call the C library's logarithm, which differs from one distribution to the next.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy
from numpy.typing import NDArray

Matrix = NDArray[numpy.float32]
Weights = dict[str, Matrix]

SEED = 20_261_120
CONSTANT = 0
"""The one place of the hidden state that no layer writes to: it stays positive in every step."""
BANNED = -400.0
"""Output weight from `CONSTANT` to a silent token: a logit below -100, so never drawn."""


@dataclass(frozen=True)
class Shape:
    """Sizes of the tiny Llama; about 205,000 parameters."""

    vocabulary: int = 1024
    hidden: int = 64
    layers: int = 2
    heads: int = 2
    kv_heads: int = 1
    feed_forward: int = 128
    context: int = 32_768
    epsilon: float = 1e-5
    rope_base: float = 10_000.0

    @property
    def head_dim(self) -> int:
        """Width of one head: 32, the least that vLLM's attention on a CPU accepts."""
        return self.hidden // self.heads

    @property
    def kv_width(self) -> int:
        """Width of all keys (or values) of one token."""
        return self.head_dim * self.kv_heads


class _Source:
    """Bell-shaped numbers (sums of four uniform ones) from a generator with a frozen stream."""

    def __init__(self, seed: int) -> None:
        self._raw = numpy.random.PCG64(seed)
        self._unit = math.sqrt(3.0 / (2**32 - 1))

    def matrix(self, rows: int, columns: int, deviation: float) -> Matrix:
        raw: NDArray[Any] = self._raw.random_raw(rows * columns)
        halves = raw.view(numpy.uint16).reshape(-1, 4).astype(numpy.int64)
        centred = halves.sum(axis=1) - 2 * 65_535
        values = centred.astype(numpy.float64) * (self._unit * deviation)
        matrix: Matrix = values.astype(numpy.float32).reshape(rows, columns)
        return matrix


def make(shape: Shape, silent: Iterable[int]) -> Weights:
    """Return the weights under their Hugging Face names; tokens in ``silent`` are never drawn."""
    source = _Source(SEED)
    deviation = 1 / math.sqrt(shape.hidden)
    width, inner = shape.hidden, shape.feed_forward
    ones = numpy.ones(width, numpy.float32)
    weights: Weights = {"model.embed_tokens.weight": source.matrix(shape.vocabulary, width, 1.0)}
    weights["model.embed_tokens.weight"][:, CONSTANT] = 1.0
    for layer in range(shape.layers):
        prefix = f"model.layers.{layer}."
        weights[prefix + "input_layernorm.weight"] = ones.copy()
        for name, rows in (("q", width), ("k", shape.kv_width), ("v", shape.kv_width)):
            weights[f"{prefix}self_attn.{name}_proj.weight"] = source.matrix(rows, width, deviation)
        weights[prefix + "self_attn.o_proj.weight"] = source.matrix(width, width, deviation)
        weights[prefix + "post_attention_layernorm.weight"] = ones.copy()
        weights[prefix + "mlp.gate_proj.weight"] = source.matrix(inner, width, deviation)
        weights[prefix + "mlp.up_proj.weight"] = source.matrix(inner, width, deviation)
        weights[prefix + "mlp.down_proj.weight"] = source.matrix(width, inner, 1 / math.sqrt(inner))
        weights[prefix + "self_attn.o_proj.weight"][CONSTANT] = 0.0
        weights[prefix + "mlp.down_proj.weight"][CONSTANT] = 0.0
    weights["model.norm.weight"] = ones.copy()
    # Four times the usual deviation: peaked enough that temperature 0 gives the same text in
    # every engine, whatever the order in which it adds up.
    head = source.matrix(shape.vocabulary, width, 4.0 * deviation)
    head[:, CONSTANT] = 0.0
    silent_rows = list(silent)
    head[silent_rows] = 0.0
    head[silent_rows, CONSTANT] = BANNED
    weights["lm_head.weight"] = head
    return weights
