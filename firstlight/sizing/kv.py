"""Memory of keys and values: per token, and of one request at a context."""

from __future__ import annotations

from firstlight.catalogue.architecture import Architecture
from firstlight.sizing.plan import Plan

BLOCK = 16
"""Tokens of one block of vLLM's paged cache."""


def token_bytes(of: Architecture, plan: Plan) -> tuple[int, int]:
    """Bytes that one token takes on one card: in all full layers, and in all windowed ones.

    MLA's latent is the same on every tensor rank; heads are divided among them, and repeated
    where there are more ranks than heads.
    """
    full, windowed = _stage(of.full, plan), _stage(of.windowed, plan)
    if of.latent:
        return full * of.latent * plan.kv_width, windowed * of.latent * plan.kv_width
    wide = of.global_head_dim or of.head_dim
    heads = _heads(of.global_kv_heads or of.kv_heads, plan)
    local = _heads(of.kv_heads, plan)
    return (
        2 * full * heads * wide * plan.kv_width,
        2 * windowed * local * of.head_dim * plan.kv_width,
    )


def request_bytes(of: Architecture, plan: Plan, context: int, batched: int) -> int:
    """Bytes on one card of one request with ``context`` tokens.

    A windowed layer keeps the window and the tokens that are being computed (``batched``), as
    vLLM's scheduler reserves them.
    """
    full, windowed = token_bytes(of, plan)
    state = _stage(of.recurrent, plan) * -(-of.state_bytes // max(plan.tensor, 1))
    kept = min(context, of.window + batched) if of.window else context
    return full * _blocks(context) + windowed * _blocks(kept) + state


def _stage(layers: int, plan: Plan) -> int:
    return -(-layers // plan.pipeline)


def _heads(count: int, plan: Plan) -> int:
    return -(-count // plan.tensor)


def _blocks(tokens: int) -> int:
    return -(-tokens // BLOCK) * BLOCK
