"""SGLang's exact command line, against the source of 0.5.23."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from firstlight.engines.instance import Instance, Node
from firstlight.engines.sglang import ENGINE
from firstlight.settings import Model
from tests.unit.engines.golden import expect
from tests.units import instances_of

Make = Callable[..., Model]
HF = "hf://org/adapter@" + "4" * 40
LORA: list[dict[str, Any]] = [
    {"name": "sql", "weights": HF, "rank": 24},
    {"name": "de", "weights": HF},
]
DRAFT = {"method": "EAGLE3", "tokens": 3, "draft": {"weights": HF}}
CASES: dict[str, dict[str, Any]] = {
    "plain": {},
    "replicas": {"gpus": 2, "replicas": 2},
    "shared": {"gpus": [0], "gpu_memory_utilization": 0.45, "kv_cache_dtype": "fp8"},
    "lora": {"lora": LORA},
    "speculative": {"speculative": DRAFT, "quantization": "awq"},
    "parsers": {"tool_parser": "qwen25", "reasoning_parser": "qwen3", "media_domains": ["img.example.net"]},
    "experts": {"gpus": 8, "expert_parallel": True},
}  # fmt: skip


def command(model: Model) -> list[str]:
    (instance,) = instances_of(model)
    return list(ENGINE.container(instance).command)


@pytest.mark.parametrize("case", list(CASES))
def test_in_full(model: Make, case: str) -> None:
    expect(f"sglang-{case}", instances_of(model(engine="sglang", **CASES[case])))


def test_over_two_hosts(model: Make) -> None:
    served = model(engine="sglang").model_copy(update={"gpus": 4, "nodes": 2})
    nodes = [Node(rank, 2, "192.0.2.1", f"192.0.2.{rank + 1}") for rank in (0, 1)]
    gpus = ("0", "1", "2", "3")
    made = tuple(
        Instance(served, 0, served.port, gpus, 4, tensor=4, pipeline=2, node=node) for node in nodes
    )
    expect("sglang-two-hosts", made)


def test_what_is_off_or_open_by_default_is_said(model: Make) -> None:
    words = command(model(engine="sglang"))
    assert "--enable-metrics" in words
    assert words[words.index("--host") + 1] == "0.0.0.0"
    assert words[words.index("--allowed-media-domains") + 1] == "nowhere.invalid"


@pytest.mark.parametrize(("method", "drafted"), [("NEXTN", ["3", "1", "4"]), ("NGRAM", ["3"])])
def test_drafted_tokens(model: Make, method: str, drafted: list[str]) -> None:
    words = command(model(engine="sglang", speculative={"method": method, "tokens": 3}))
    at = words.index("--speculative-algorithm")
    assert words[at + 1] == method
    assert [word for word in words[at + 2 :] if word.isdigit()] == drafted


def test_no_administrative_path_is_open() -> None:
    assert all(path.startswith("/v1/") for path in ENGINE.paths)
    assert not [path for path in ENGINE.paths if "lora" in path or "weights" in path]
