"""Memory beside weights and cache: activations, CUDA graphs, the context of CUDA and NCCL.

The engine measures them at its start; this is an upper estimate, so that a "fits" is kept:
- activations: what one step computes at a time, ``batched`` tokens through the widest part of a
  layer and four hidden states (2.07 GiB were measured where it says 2.2: Llama 8B, 20000 tokens),
  and the logits of every request in 32 bits with three copies for sampling;
- CUDA graphs: 256 MiB and 8 MiB per layer;
- contexts: 512 MiB, 1 GiB more where cards talk to each other, and another between stages;
- an encoder of images or sound: 1 GiB.
"""

from __future__ import annotations

from firstlight.catalogue.architecture import Architecture
from firstlight.sizing.machine import MIB
from firstlight.sizing.plan import Plan

_UNFOLDED = 64 * 1024
"""Most tokens whose MLA latent vLLM 0.33 unfolds at a time."""


def activation_bytes(of: Architecture, plan: Plan, batched: int) -> int:
    """Bytes on one card for the widest step of ``batched`` tokens, and for sampling."""
    rank = plan.tensor
    attention = (2 * of.heads + 2 * of.kv_heads) * of.head_dim // rank
    dense = 3 * of.intermediate // rank
    routed = of.active_experts * (3 * of.expert_width // rank + of.hidden)
    shared = 3 * of.shared_experts * of.expert_width // rank
    inside = max(dense if of.dense_layers or not of.experts else 0, routed + shared)
    wide = 4 * of.hidden + max(attention, inside) + of.layer_embedding * of.layers
    requests = -(-plan.concurrency // plan.data)
    return 2 * batched * wide + _unfolded(of, plan) + requests * request_logits(of)


def _unfolded(of: Architecture, plan: Plan) -> int:
    """Bytes of the keys and values that MLA unfolds out of its latent for a piece of a prompt."""
    if not of.latent:
        return 0
    return 2 * _UNFOLDED * of.heads * (of.nope_dim + of.value_dim) // plan.tensor


def request_logits(of: Architecture) -> int:
    """Bytes of one request's logits: 32 bits each, and three copies while it is sampled."""
    return 16 * of.vocab


def graph_bytes(of: Architecture, plan: Plan) -> int:
    """Bytes of captured CUDA graphs on one card."""
    return (256 + 8 * -(-of.layers // plan.pipeline)) * MIB


def context_bytes(of: Architecture, plan: Plan) -> int:
    """Bytes of CUDA's and NCCL's contexts, and of an encoder beside the text model."""
    together = 1024 if plan.cards > 1 else 0
    stages = 1024 if plan.pipeline > 1 else 0
    return (512 + together + stages + (1024 if of.vision else 0)) * MIB
