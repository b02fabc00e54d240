"""How many parameters an architecture has, and how many of them are experts and embeddings."""

from __future__ import annotations

from dataclasses import dataclass

from firstlight.catalogue.architecture import Architecture


@dataclass(frozen=True)
class Parameters:
    """Counts of a model: all, those of the routed experts, those of the embeddings."""

    total: int
    experts: int
    embedding: int


def parameters(of: Architecture) -> Parameters:
    """Count the parameters of ``of``. Norms, biases and routers are below one in a thousand."""
    embedding = of.vocab * of.hidden * (1 if of.tied else 2)
    embedding += of.vocab * of.layer_embedding * of.layers
    moe_layers = of.layers - of.dense_layers if of.experts else 0
    one_expert = 3 * of.hidden * of.expert_width
    experts = moe_layers * of.experts * one_expert
    shared = moe_layers * of.shared_experts * one_expert
    dense = (of.layers - moe_layers) * 3 * of.hidden * of.intermediate
    total = embedding + experts + shared + dense + _attention(of) + of.extra
    return Parameters(total, experts, embedding)


def _attention(of: Architecture) -> int:
    if of.latent:
        return of.layers * _mla(of)
    wide = of.global_head_dim or of.head_dim
    globals_ = of.full * _gqa(of, of.global_kv_heads or of.kv_heads, wide)
    local = (of.layers - of.full) * _gqa(of, of.kv_heads, of.head_dim)
    return globals_ + local


def _gqa(of: Architecture, kv_heads: int, head_dim: int) -> int:
    return of.hidden * head_dim * 2 * (of.heads + kv_heads)


def _mla(of: Architecture) -> int:
    head = of.nope_dim + of.rope_dim
    rank = of.latent - of.rope_dim
    queries = (
        of.q_rank * (of.hidden + of.heads * head) if of.q_rank else of.hidden * of.heads * head
    )
    latent = of.hidden * of.latent + rank * of.heads * (of.nope_dim + of.value_dim)
    return queries + latent + of.heads * of.value_dim * of.hidden
