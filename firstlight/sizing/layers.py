"""Which layers keep keys and values of the whole context, of a window, or none of their own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_WINDOWED = ("sliding_attention", "chunked_attention", "local_attention", "sliding", "local")
_RECURRENT = ("linear_attention", "mamba", "recurrent", "conv")


def kept(text: Mapping[str, Any], layers: int) -> dict[str, int]:
    """The fields of :class:`Architecture` about layers that keep less than everything."""
    kinds = _kinds(text, layers)
    shared = _whole(text.get("num_kv_shared_layers"))
    own = kinds[: layers - shared] if shared < layers else kinds
    windowed = sum(kind in _WINDOWED for kind in own)
    recurrent = sum(kind in _RECURRENT for kind in own)
    found = {"shared": layers - len(own), "windowed": windowed, "recurrent": recurrent}
    if windowed:
        found["window"] = _window(text)
        found["global_head_dim"] = _whole(text.get("global_head_dim"))
        if text.get("attention_k_eq_v", True):
            found["global_kv_heads"] = _whole(text.get("num_global_key_value_heads"))
    if recurrent:
        found["state_bytes"] = _state(text)
    return found


def _whole(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def _window(text: Mapping[str, Any]) -> int:
    window = _whole(text.get("sliding_window")) or _whole(text.get("sliding_window_size"))
    return window or _whole(text.get("attention_chunk_size"))


def _kinds(text: Mapping[str, Any], layers: int) -> list[str]:
    """The kind of every layer: as it is listed, by a pattern, or all alike."""
    listed = text.get("layer_types")
    if isinstance(listed, (list, tuple)) and len(listed) == layers:
        return [str(kind) for kind in listed]
    kind = str(text.get("model_type", ""))
    if interval := _whole(text.get("full_attention_interval")):
        return _every(layers, interval, "linear_attention")
    if kind.startswith("llama4") and text.get("attention_chunk_size"):
        return _every(layers, _whole(text.get("no_rope_layer_interval")) or 4, "chunked_attention")
    pattern = _whole(text.get("sliding_window_pattern"))
    if pattern or kind.startswith(("gemma2", "gemma3", "gemma4", "gpt_oss")):
        default = 2 if kind.startswith(("gemma2", "gpt_oss")) else 6
        return _every(layers, pattern or default, "sliding_attention")
    if _window(text) and text.get("use_sliding_window", True) and text.get("sliding_window"):
        first = _whole(text.get("max_window_layers")) if "max_window_layers" in text else 0
        return ["full_attention"] * min(first, layers) + ["sliding_attention"] * (layers - first)
    return ["full_attention"] * layers


def _every(layers: int, nth: int, otherwise: str) -> list[str]:
    return ["full_attention" if (i + 1) % nth == 0 else otherwise for i in range(layers)]


def _state(text: Mapping[str, Any]) -> int:
    """Bytes of the state of one layer of gated delta attention: 32-bit, and its convolution."""
    heads = _whole(text.get("linear_num_value_heads"))
    keys, values = (_whole(text.get(f"linear_{each}_head_dim")) for each in ("key", "value"))
    widths = 2 * _whole(text.get("linear_num_key_heads")) * keys + heads * values
    return 4 * heads * keys * values + 2 * widths * max(
        _whole(text.get("linear_conv_kernel_dim")), 1
    )
