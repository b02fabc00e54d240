"""The tiny model as one GGUF file, for llama.cpp."""

from __future__ import annotations

from pathlib import Path

import gguf
import numpy

from firstlight.lab.model.tokenizer import CHAT_TEMPLATE, SPECIAL, TrainedTokenizer
from firstlight.lab.model.weights import Matrix, Shape, Weights

LAYER_NAMES = {
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}


def write(path: Path, name: str, shape: Shape, tok: TrainedTokenizer, weights: Weights) -> None:
    """Write model ``name`` to ``path``; an existing file is replaced."""
    writer = gguf.GGUFWriter(str(path), "llama")
    writer.add_name(name)
    writer.add_context_length(shape.context)
    writer.add_embedding_length(shape.hidden)
    writer.add_block_count(shape.layers)
    writer.add_feed_forward_length(shape.feed_forward)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.kv_heads)
    writer.add_rope_dimension_count(shape.head_dim)
    writer.add_rope_freq_base(shape.rope_base)
    writer.add_layer_norm_rms_eps(shape.epsilon)
    writer.add_vocab_size(shape.vocabulary)
    writer.add_file_type(gguf.LlamaFileType.ALL_F32)
    _add_tokenizer(writer, tok)
    for tensor, values in _tensors(shape, weights).items():
        writer.add_tensor(f"{tensor}.weight", numpy.ascontiguousarray(values))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _add_tokenizer(writer: gguf.GGUFWriter, tok: TrainedTokenizer) -> None:
    control, normal = gguf.TokenType.CONTROL, gguf.TokenType.NORMAL
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(list(tok.tokens))
    writer.add_token_types([control if text in SPECIAL else normal for text in tok.tokens])
    writer.add_token_merges(list(tok.merges))
    writer.add_pad_token_id(0)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(3)
    writer.add_add_bos_token(False)
    writer.add_chat_template(CHAT_TEMPLATE)


def _tensors(shape: Shape, weights: Weights) -> dict[str, Matrix]:
    tensors = {
        "token_embd": weights["model.embed_tokens.weight"],
        "output_norm": weights["model.norm.weight"],
        "output": weights["lm_head.weight"],
    }
    for layer in range(shape.layers):
        for short, long in LAYER_NAMES.items():
            values = weights[f"model.layers.{layer}.{long}.weight"]
            if short == "attn_q":
                values = _interleaved(values, shape.heads)
            elif short == "attn_k":
                values = _interleaved(values, shape.kv_heads)
            tensors[f"blk.{layer}.{short}"] = values
    return tensors


def _interleaved(values: Matrix, heads: int) -> Matrix:
    """Hugging Face rotates halves of a head, llama.cpp neighbours: reorder the rows."""
    rows, columns = values.shape
    split = values.reshape(heads, 2, rows // heads // 2, columns)
    return split.swapaxes(1, 2).reshape(rows, columns)
