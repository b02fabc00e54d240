"""Formats of weights: how many bytes a parameter takes, and the card that can compute with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from firstlight.sizing.parameters import Parameters


@dataclass(frozen=True)
class Format:
    """``body`` bytes per parameter, ``embedding`` bytes per parameter of the embeddings.

    ``compute`` is the lowest CUDA compute capability at which vLLM serves it.
    """

    name: str
    body: float
    embedding: float
    compute: float


FP8_KV_COMPUTE = 8.9
"""The KV cache in FP8 needs a card with FP8 units: Ada and newer."""

# 4-bit formats with their scales: a group of 128 has a 16-bit scale and a 4-bit zero point
# (AWQ, GPTQ), one of 16 an 8-bit scale (NVFP4), one of 32 an 8-bit scale (MXFP4). Embeddings
# stay as they are; GGUF quantizes them, and its k-quants are a mixture: sizes of published files.
FORMATS = {
    each.name: each
    for each in (
        Format("bf16", 2.0, 2.0, 7.5),
        Format("fp32", 4.0, 4.0, 7.5),
        Format("fp8", 1.002, 2.0, 7.5),
        Format("int8", 1.002, 2.0, 7.5),
        Format("awq", 0.52, 2.0, 7.5),
        Format("gptq", 0.52, 2.0, 7.5),
        Format("nvfp4", 0.57, 2.0, 7.5),
        Format("mxfp4", 0.54, 2.0, 8.0),
        Format("q4_k_m", 0.615, 0.615, 5.0),
        Format("q5_k_m", 0.715, 0.715, 5.0),
        Format("q8_0", 1.0635, 1.0635, 5.0),
    )
}
ONLINE = {"fp8": "fp8", "fp8_per_tensor": "fp8", "fp8_per_block": "fp8", "mxfp8": "fp8"}
"""What an engine can make of 16-bit weights while it loads them: its name → the format."""


def weight_bytes(parameters: Parameters, name: str) -> int:
    """Bytes of the weights of a model in the format ``name``."""
    found = FORMATS[name]
    body = parameters.total - parameters.embedding
    return int(body * found.body + parameters.embedding * found.embedding)


def format_of(config: Mapping[str, Any]) -> str:
    """The format that a ``config.json`` says its weights have; bf16 where it says nothing."""
    text = config.get("text_config")
    nested = text.get("quantization_config") if isinstance(text, Mapping) else None
    said = config.get("quantization_config") or nested
    if not isinstance(said, Mapping):
        return "fp32" if config.get("torch_dtype") == "float32" else "bf16"
    method = str(said.get("quant_method", "")).lower()
    if method == "modelopt" or "quant_algo" in said:
        return "nvfp4" if "FP4" in str(said.get("quant_algo", "")).upper() else "fp8"
    if method in ("awq", "gptq", "auto-round", "auto_round"):
        wide = said.get("bits", said.get("w_bit", 4)) == 8
        return "int8" if wide else "awq" if method == "awq" else "gptq"
    if method == "compressed-tensors":
        return _compressed(said)
    return method if method in FORMATS else "bf16"


def _compressed(said: Mapping[str, Any]) -> str:
    groups = said.get("config_groups")
    for group in groups.values() if isinstance(groups, Mapping) else ():
        weights = group.get("weights") if isinstance(group, Mapping) else None
        if isinstance(weights, Mapping):
            four, real = weights.get("num_bits") == 4, weights.get("type") == "float"
            return ("nvfp4" if real else "gptq") if four else ("fp8" if real else "int8")
    return "fp8"
