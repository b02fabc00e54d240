"""The dimensions of a transformer that its memory follows from."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class Architecture(BaseModel):
    """What of a model's ``config.json`` decides about memory; counts and widths, no bytes.

    Every layer keeps keys and values of the whole context, but for those that keep only the last
    ``window`` tokens (``windowed``), those that use another layer's (``shared``), and those with
    a state of fixed size (``recurrent``).
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    layers: int = Field(description="Number of layers.")
    hidden: int = Field(description="Width of the hidden state.")
    heads: int = Field(description="Attention heads; tensor parallel must divide them.")
    kv_heads: int = Field(description="Heads of keys and values (GQA); equal to heads: MHA.")
    head_dim: int = Field(description="Width of one head.")
    intermediate: int = Field(description="Width inside the dense feed-forward layers.")
    vocab: int = Field(description="Size of the vocabulary.")
    tied: bool = Field(default=False, description="Whether output and input share embeddings.")
    positions: int = Field(default=0, description="Longest context in tokens; 0: not known.")
    windowed: int = Field(default=0, description="Layers that keep only a window of tokens.")
    window: int = Field(default=0, description="Tokens of that window, or of an attention chunk.")
    global_kv_heads: int = Field(default=0, description="kv_heads of the other layers; 0: same.")
    global_head_dim: int = Field(default=0, description="head_dim of the other layers; 0: same.")
    shared: int = Field(default=0, description="Layers that use keys and values of another one.")
    recurrent: int = Field(default=0, description="Layers with a state of fixed size (Mamba…).")
    state_bytes: int = Field(default=0, description="Bytes of that state, per layer and request.")
    latent: int = Field(default=0, description="Width of MLA's latent: kv_lora_rank + rope; 0: no.")
    q_rank: int = Field(default=0, description="Rank of MLA's queries; 0: none.")
    rope_dim: int = Field(default=0, description="Part of a head with positions (MLA).")
    nope_dim: int = Field(default=0, description="Part of a head without (MLA).")
    value_dim: int = Field(default=0, description="Width of a head's values (MLA).")
    experts: int = Field(default=0, description="Routed experts per MoE layer; 0: dense.")
    active_experts: int = Field(default=0, description="Of which one token uses that many.")
    shared_experts: int = Field(default=0, description="Experts that every token uses.")
    expert_width: int = Field(default=0, description="Width inside one expert.")
    dense_layers: int = Field(default=0, description="Layers of an MoE model without experts.")
    layer_embedding: int = Field(default=0, description="Width of per-layer embeddings (Gemma).")
    extra: int = Field(
        default=0, description="Parameters beside the text model's: vision, audio, wider layers."
    )
    vision: bool = Field(default=False, description="Whether it reads images.")

    @property
    def full(self) -> int:
        """Layers that keep keys and values of the whole context."""
        return self.layers - self.windowed - self.shared - self.recurrent
