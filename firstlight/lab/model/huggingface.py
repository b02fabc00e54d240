"""The tiny model as a Hugging Face directory: config, tokenizer, safetensors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from safetensors.numpy import save

from firstlight.lab.model.tokenizer import BOS, CHAT_TEMPLATE, END, PAD, TrainedTokenizer
from firstlight.lab.model.weights import Shape, Weights

README = """# firstlight/tiny

A Llama with about 205,000 **random** weights, a real tokenizer and a real chat template. It was
trained on nothing and knows nothing: its prose is noise. It exists so that every step from the
weights' download to the first streamed token can be tried without a GPU.

`model.safetensors` and `tiny.gguf` hold the same weights.
"""


def config(shape: Shape) -> dict[str, Any]:
    """config.json of the model."""
    return {
        "architectures": ["LlamaForCausalLM"],
        "attention_bias": False,
        "bos_token_id": 1,
        "dtype": "float32",
        "eos_token_id": 3,
        "head_dim": shape.head_dim,
        "hidden_act": "silu",
        "hidden_size": shape.hidden,
        "intermediate_size": shape.feed_forward,
        "max_position_embeddings": shape.context,
        "mlp_bias": False,
        "model_type": "llama",
        "num_attention_heads": shape.heads,
        "num_hidden_layers": shape.layers,
        "num_key_value_heads": shape.kv_heads,
        "pad_token_id": 0,
        "rms_norm_eps": shape.epsilon,
        "rope_theta": shape.rope_base,
        "tie_word_embeddings": False,
        "torch_dtype": "float32",
        "vocab_size": shape.vocabulary,
    }


def write(directory: Path, shape: Shape, tokenizer: TrainedTokenizer, weights: Weights) -> None:
    """Write the directory's files; existing ones are replaced."""
    texts = {
        "README.md": README,
        "chat_template.jinja": CHAT_TEMPLATE,
        "config.json": _json(config(shape)),
        "generation_config.json": _json(
            {"bos_token_id": 1, "do_sample": False, "eos_token_id": 3, "pad_token_id": 0}
        ),
        "tokenizer.json": tokenizer.text,
        "tokenizer_config.json": _json(
            {
                "bos_token": BOS,
                "chat_template": CHAT_TEMPLATE,
                "clean_up_tokenization_spaces": False,
                "eos_token": END,
                "model_max_length": shape.context,
                "pad_token": PAD,
                "tokenizer_class": "PreTrainedTokenizerFast",
            }
        ),
    }
    for name, text in texts.items():
        (directory / name).write_bytes(text.encode())
    (directory / "model.safetensors").write_bytes(save(weights, metadata={"format": "pt"}))


def _json(data: dict[str, Any]) -> str:
    return json.dumps(data, indent=1, sort_keys=True) + "\n"
