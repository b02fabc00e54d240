"""llama.cpp's exact command line, against its README and the help of Debian's build 11669."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from firstlight.engines.llamacpp import ENGINE
from firstlight.settings import Model
from tests.unit.engines.golden import expect
from tests.units import instances_of

Make = Callable[..., Model]
HF = "hf://org/adapter@" + "4" * 40
LORA = [{"name": name, "weights": HF, "file": f"{name}.gguf"} for name in ("sql", "de")]
DRAFT = {"method": "draft-simple", "tokens": 3, "draft": {"weights": HF, "file": "d.gguf"}}
CASES: dict[str, dict[str, Any]] = {
    "plain": {"concurrency": 4, "args": {"threads": 2, "mlock": True, "x": False}},
    "gpus": {"gpus": [1, 2], "file": "q/m-00001-of-00002.gguf", "kv_cache_dtype": "fp8"},
    "lora": {"lora": LORA},
    "speculative": {"speculative": DRAFT},
}


def command(model: Model) -> list[str]:
    (instance,) = instances_of(model)
    return list(ENGINE.container(instance).command)


@pytest.mark.parametrize("case", list(CASES))
def test_in_full(model: Make, case: str) -> None:
    expect(f"llamacpp-{case}", instances_of(model(**CASES[case])))


def test_the_context_is_each_requests_own(model: Make) -> None:
    words = command(model(context=4096, concurrency=8))
    assert words[words.index("--ctx-size") + 1] == "32768"


@pytest.mark.parametrize("flag", ["n-gpu-layers", "gpu-layers", "ngl"])
def test_a_small_card_takes_as_many_layers_as_its_owner_says(model: Make, flag: str) -> None:
    words = command(model(gpus=1, args={flag: 20}))
    assert "999" not in words and words[-2:] == [f"--{flag}", "20"]


@pytest.mark.parametrize(
    ("method", "flag"),
    [("ngram-mod", "--spec-ngram-mod-n-max"), ("ngram-cache", "--spec-draft-n-max")],
)
def test_each_method_has_a_flag_of_its_own_for_the_length(
    model: Make, method: str, flag: str
) -> None:
    words = command(model(speculative={"method": method, "tokens": 7}))
    assert words[-4:] == ["--spec-type", method, flag, "7"]


def test_adapters_do_nothing_unless_asked_for(model: Make) -> None:
    assert "--lora-init-without-apply" in command(model(lora=LORA))
    assert "/lora-adapters" not in ENGINE.paths
