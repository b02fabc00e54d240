"""Dimensions out of config.json: what every kind of layer keeps, and what is no transformer."""

from __future__ import annotations

from typing import Any

import pytest

from firstlight.catalogue import models
from firstlight.catalogue.architecture import Architecture
from firstlight.errors import FirstlightError
from firstlight.sizing.architecture import from_config
from firstlight.sizing.kv import token_bytes
from firstlight.sizing.parameters import parameters
from firstlight.sizing.plan import Plan
from firstlight.sizing.subject import architecture_of

from . import configs


@pytest.mark.parametrize(
    ("config", "row", "beside"),
    [
        (configs.QWEN3_14B, "qwen3-14b", {}),
        (configs.QWEN25_72B, "qwen2.5-72b", {}),
        (configs.DEEPSEEK_V3, "deepseek-v3", {}),
        (configs.LLAMA4_SCOUT, "llama-4-scout", {"extra": 0}),
        (configs.GEMMA4_E2B, "gemma-4-e2b", {"extra": 0, "global_kv_heads": 0}),
    ],
)
def test_the_catalogue_has_what_config_json_says(
    config: dict[str, Any], row: str, beside: dict[str, int]
) -> None:
    known = architecture_of(row)
    assert known is not None
    assert from_config(config) == known.model_copy(update=beside)


@pytest.mark.parametrize("name", list(models()))
def test_every_model_of_the_catalogue_has_dimensions(name: str) -> None:
    of = architecture_of(name)
    assert of is not None and of.full >= 1 and of.heads % of.kv_heads == 0
    assert (of.windowed > 0) is (of.window > 0)
    assert models()[name].context <= of.positions


# Parameters as the model cards state them; what is not counted are norms, biases and routers.
@pytest.mark.parametrize(
    ("config", "billions"),
    [(configs.QWEN3_14B, 14.8), (configs.QWEN25_72B, 72.7), (configs.DEEPSEEK_V3, 671.0),
     (configs.LLAMA4_SCOUT, 108.0)],
)  # fmt: skip
def test_parameters(config: dict[str, Any], billions: float) -> None:
    assert parameters(from_config(config)).total / 1e9 == pytest.approx(billions, rel=0.006)


# KiB per token of 16-bit cache: 2 × layers × KV heads × width × 2 bytes, MLA its latent alone.
@pytest.mark.parametrize(
    ("config", "full", "windowed"),
    [(configs.QWEN3_14B, 160, 0), (configs.QWEN25_72B, 320, 0), (configs.DEEPSEEK_V3, 68.625, 0),
     (configs.LLAMA4_SCOUT, 48, 144), (configs.GEMMA4_E2B, 6, 12), (configs.QWEN36_27B, 64, 0)],
)  # fmt: skip
def test_kv_per_token(config: dict[str, Any], full: float, windowed: float) -> None:
    assert token_bytes(from_config(config), Plan(1024)) == (full * 1024, windowed * 1024)


def test_a_recurrent_state_does_not_grow() -> None:
    of = from_config(configs.QWEN36_27B)
    assert (of.recurrent, of.full) == (48, 16) and of.state_bytes > 48 * 128 * 128 * 4


@pytest.mark.parametrize("tensor", [1, 2, 4, 8])
def test_the_latent_is_on_every_rank(tensor: int) -> None:
    plan = Plan(1024, tensor=tensor)
    assert token_bytes(from_config(configs.DEEPSEEK_V3), plan)[0] == 61 * 576 * 2


def test_more_ranks_than_kv_heads_repeat_them() -> None:
    of = from_config(configs.QWEN3_14B)
    at = {n: token_bytes(of, Plan(1024, tensor=n))[0] for n in (8, 20, 40)}
    assert at[8] == at[20] == at[40] == 40 * 2 * 128 * 2


@pytest.mark.parametrize(
    ("more", "windowed"),
    [
        ({"use_sliding_window": True, "sliding_window": 4096, "max_window_layers": 30}, 10),
        ({"model_type": "mistral", "sliding_window": 4096, "max_window_layers": 0}, 0),
        ({"model_type": "gemma3_text", "sliding_window": 1024, "sliding_window_pattern": 6}, 34),
        ({"model_type": "gemma2", "sliding_window": 4096}, 20),
        ({"layer_types": ["sliding_attention", "full_attention"] * 20, "sliding_window": 128}, 20),
    ],
)
def test_windows(more: dict[str, Any], windowed: int) -> None:
    config = {**configs.QWEN3_14B, **more}
    if more.get("model_type") == "mistral":
        config.pop("use_sliding_window")
        windowed = 40
    assert from_config(config).windowed == windowed


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"hidden_size": 4096},
        {**configs.QWEN3_14B, "num_hidden_layers": "many"},
        {**configs.QWEN3_14B, "num_attention_heads": 0},
        {**configs.QWEN3_14B, "model_type": "mamba2"},
        {"text_config": {"hidden_size": None}},
    ],
)
def test_what_is_no_transformer(config: dict[str, Any]) -> None:
    with pytest.raises(FirstlightError, match="architecture"):
        from_config(config, "there/config.json")


def test_an_architecture_is_checked() -> None:
    with pytest.raises(ValueError, match="hidden"):
        Architecture.model_validate({"layers": 1})
