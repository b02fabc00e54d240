"""Reads a transformer's dimensions out of the ``config.json`` of its repository."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from firstlight.catalogue.architecture import Architecture
from firstlight.errors import FirstlightError
from firstlight.sizing.layers import kept

_STATE_ONLY = ("mamba", "mamba2", "rwkv", "recurrent_gemma", "falcon_mamba")


def from_config(config: Mapping[str, Any], where: str = "config.json") -> Architecture:
    """The dimensions in ``config``, the content of a ``config.json``.

    Raises :class:`FirstlightError` where it has no dimensions of a transformer.
    """
    text = _text(config)
    if str(text.get("model_type", "")) in _STATE_ONLY:
        raise _unknown(where, f"{text['model_type']} has no attention whose memory is known")
    try:
        return Architecture(**_dimensions(text, config))
    except (KeyError, TypeError, ValueError, ZeroDivisionError) as error:
        raise _unknown(where, f"a dimension is missing or no number: {_said(error)}") from None


def _said(error: Exception) -> str:
    return str(error.args[0] if error.args else error)[:80]


def _unknown(where: str, why: str) -> FirstlightError:
    fix = "give the context and GPUs yourself: firstlight makes no statement about its memory"
    return FirstlightError("this architecture's memory is not known", where=where, why=why, fix=fix)


def _text(config: Mapping[str, Any]) -> Mapping[str, Any]:
    """The part that describes the language model: multimodal models nest it."""
    for key in ("text_config", "language_config", "llm_config", "thinker_config"):
        nested = config.get(key)
        if isinstance(nested, Mapping):
            return _text(nested)
    return config


def _number(text: Mapping[str, Any], *keys: str, default: int = 0) -> int:
    for key in keys:
        value = text.get(key)
        if isinstance(value, (list, tuple)) and value:
            value = max(value)  # Gemma 3n gives one width per layer
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return int(value)
    return default


def _dimensions(text: Mapping[str, Any], config: Mapping[str, Any]) -> dict[str, Any]:
    layers = _number(text, "num_hidden_layers", "n_layer", "n_layers", "num_layers")
    hidden = _number(text, "hidden_size", "n_embd", "d_model", "dim")
    heads = _number(text, "num_attention_heads", "n_head", "n_heads")
    vocab = _number(text, "vocab_size")
    if min(layers, hidden, heads, vocab) <= 0:
        raise KeyError("num_hidden_layers, hidden_size, num_attention_heads or vocab_size")
    found = {
        "layers": layers,
        "hidden": hidden,
        "heads": heads,
        "kv_heads": _number(text, "num_key_value_heads", "n_head_kv", "n_kv_heads", default=heads),
        "head_dim": _head(text, hidden // heads),
        "intermediate": _intermediate(text, hidden),
        "vocab": vocab,
        "tied": bool(text.get("tie_word_embeddings", config.get("tie_word_embeddings", False))),
        "positions": _number(text, "max_position_embeddings", "seq_length", "n_positions"),
        "layer_embedding": _number(text, "hidden_size_per_layer_input"),
        "vision": any(key in config for key in ("vision_config", "audio_config", "visual")),
    }
    return {**found, **_latent(text), **_experts(text, layers), **kept(text, layers)}


def _head(text: Mapping[str, Any], divided: int) -> int:
    if "kv_lora_rank" in text:  # a head's width is no part of the hidden state's with MLA
        return _number(text, "v_head_dim", default=divided)
    return _number(text, "head_dim", default=divided)


def _intermediate(text: Mapping[str, Any], hidden: int) -> int:
    if str(text.get("model_type")) == "qwen":  # the first Qwen counts gate and up together
        return _number(text, "intermediate_size") // 2
    llama4 = _number(text, "intermediate_size_mlp")
    return llama4 or _number(text, "intermediate_size", "n_inner", "hidden_dim", default=4 * hidden)


def _latent(text: Mapping[str, Any]) -> dict[str, int]:
    rank = _number(text, "kv_lora_rank")
    rope = _number(text, "qk_rope_head_dim")
    if not rank:
        return {}
    return {
        "latent": rank + rope,
        "q_rank": _number(text, "q_lora_rank"),
        "rope_dim": rope,
        "nope_dim": _number(text, "qk_nope_head_dim"),
        "value_dim": _number(text, "v_head_dim"),
    }


def _experts(text: Mapping[str, Any], layers: int) -> dict[str, int]:
    count = _number(text, "n_routed_experts", "num_experts", "num_local_experts")
    if count <= 1:
        return {}
    width = _number(text, "moe_intermediate_size", "expert_hidden_dim", "intermediate_size")
    shared = _number(text, "n_shared_experts")
    if not shared and (wide := _number(text, "shared_expert_intermediate_size")):
        shared = -(-wide // max(width, 1))
    if str(text.get("model_type", "")).startswith("llama4"):
        shared = 1
    step = _number(text, "interleave_moe_layer_step", "decoder_sparse_step", default=1)
    dense = _number(text, "first_k_dense_replace")
    return {
        "experts": count,
        "active_experts": _number(text, "num_experts_per_tok", "top_k_experts", default=1),
        "shared_experts": shared,
        "expert_width": width,
        "dense_layers": dense or layers - layers // max(step, 1),
    }
