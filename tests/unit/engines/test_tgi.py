"""TGI's exact command line, against the documentation of its last commit."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from firstlight.engines.tgi import ENGINE
from firstlight.settings import Model
from tests.unit.engines.golden import expect
from tests.units import instances_of

Make = Callable[..., Model]
HF = "hf://org/adapter@" + "4" * 40
CASES: dict[str, dict[str, Any]] = {
    "plain": {},
    "two-gpus": {"gpus": [0, 1], "quantization": "awq", "kv_cache_dtype": "fp8"},
    "shared": {"gpus": [0], "gpu_memory_utilization": 0.45},
    "lora": {"lora": [{"name": "sql", "weights": HF}, {"name": "de", "weights": HF}]},
    "speculative": {"speculative": {"method": "ngram", "tokens": 2}},
}


@pytest.mark.parametrize("case", list(CASES))
def test_in_full(model: Make, case: str) -> None:
    expect(f"tgi-{case}", instances_of(model(engine="tgi", **CASES[case])))


def test_no_word_that_its_entrypoint_would_take_apart(model: Make) -> None:
    for change in CASES.values():
        (instance,) = instances_of(model(engine="tgi", **change))
        assert all(re.fullmatch(r"[\w./:=,-]+", w) for w in ENGINE.container(instance).command)


def test_prompt_and_answer_fit_the_context(model: Make) -> None:
    (instance,) = instances_of(model(engine="tgi", context=4096, concurrency=8, queue=4))
    words = ENGINE.container(instance).command
    found = {words[at]: words[at + 1] for at in range(len(words) - 1)}
    assert int(found["--max-input-tokens"]) < int(found["--max-total-tokens"]) == 4096
    assert found["--max-concurrent-requests"] == "12"


def test_no_image_is_fetched_from_anywhere(model: Make) -> None:
    """It has no list of domains, but asks the proxy that its environment names."""
    (instance,) = instances_of(model(engine="tgi"))
    environment = ENGINE.container(instance).environment
    assert environment["http_proxy"] == environment["https_proxy"] == "http://127.0.0.1:9"
