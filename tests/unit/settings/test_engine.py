"""What is asked of an engine that it cannot do, and weights that it cannot read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from firstlight.catalogue import engines
from firstlight.settings import HostSettings, Problem
from tests.site import BASES

Data = dict[str, Any]
Problems = Callable[..., list[Problem]]
ADAPTER = "hf://org/adapter@" + "4" * 40


def served(data: Data, engine: str, **change: Any) -> Data:
    """Return ``data`` with one model of ``engine``, right but for ``change``."""
    return data | {"models": [BASES[engine] | change]}


def only(found: list[Problem]) -> str:
    assert len(found) == 1, [str(problem) for problem in found]
    return str(found[0])


@pytest.mark.parametrize("engine", sorted(BASES))
def test_every_engine_can_be_right(
    engine: str, data: Data, load: Callable[..., HostSettings]
) -> None:
    assert load(served(data, engine)).models[0].engine == engine
    assert set(BASES) == set(engines())


@pytest.mark.parametrize(
    ("asked", "able"),
    [
        (("ollama", "tensor_parallel", 2), "vllm, sglang and tgi can"),
        (("llamacpp", "pipeline_parallel", 2), "vllm and sglang can"),
        (("tgi", "data_parallel", 2), "vllm and sglang can"),
        (("ollama", "quantization", "awq"), "vllm, sglang and tgi can"),
        (("triton", "kv_cache_dtype", "fp8"), "vllm, ollama, sglang, tgi and llamacpp can"),
        (("tgi", "expert_parallel", True), "vllm and sglang can"),
        (("llamacpp", "tool_parser", "hermes"), "vllm, sglang and triton can"),
        (("triton", "reasoning_parser", "qwen3"), "vllm and sglang can"),
        (("tgi", "media_domains", ["img.example.net"]), "vllm and sglang can"),
        (("ollama", "lora", [{"name": "sql", "weights": ADAPTER}]), "vllm, sglang, tgi and llamacpp can"),
        (("triton", "speculative", {"method": "ngram"}), "vllm, sglang, tgi and llamacpp can"),
    ],
)  # fmt: skip
def test_an_engine_that_cannot(
    asked: tuple[str, str, object], able: str, data: Data, problems: Problems
) -> None:
    engine, key, value = asked
    text = only(problems(served(data, engine, gpus="all", **{key: value})))
    assert text.startswith(f"gpu1: models[0].{key}: found ")
    assert text.endswith(f"expected nothing: {engine} cannot; {able}")


@pytest.mark.parametrize("engine", ["ollama", "llamacpp", "tgi", "triton"])
def test_one_host_is_all_they_can(engine: str, data: Data, problems: Problems) -> None:
    told = list(map(str, problems(served(data, engine, gpus="all", nodes=2))))
    cannot = f"found 2, expected nothing: {engine} cannot; vllm and sglang can"
    assert f"gpu1: models[0].nodes: {cannot}" in told


@pytest.mark.parametrize(
    ("engine", "weights", "expected"),
    [
        ("ollama", ADAPTER, "weights of Ollama's library, ollama://NAME:TAG@sha256:…"),
        ("vllm", "ollama://qwen3:8b@sha256:" + "5" * 64, "safetensors), or engine ollama"),
        ("sglang", "https://f.example.net/m.gguf@sha256:" + "5" * 64, "whose location ends in /"),
    ],
)
def test_weights_that_it_cannot_read(
    engine: str, weights: str, expected: str, data: Data, problems: Problems
) -> None:
    text = only(problems(served(data, engine, weights=weights, repo=None, revision=None)))
    assert text.startswith("gpu1: models[0].weights: found ") and expected in text


@pytest.mark.parametrize(
    "asked", ["X-Amz-Signature=f00d", "token=f00d", "v=1&sig=f00d", "a=hf_" + "x" * 34]
)
def test_addresses_that_hold_a_secret(
    asked: str, data: Data, problems: Problems, load: Callable[..., HostSettings]
) -> None:
    """They would stand in the job and the done-marker, which every account can read."""
    address = f"https://f.example.net/tiny.gguf?{asked}@sha256:" + "5" * 64
    here = {"weights": address, "repo": None, "revision": None}
    draft = {"weights": address, "file": "tiny.gguf"}
    beside = {"speculative": {"method": "draft-simple", "draft": draft}}
    for change, key in ((here, "weights"), (beside, "speculative.draft.weights")):
        text = only(problems(served(data, "llamacpp", **change)))
        assert f"models[0].{key}: " in text and "hub_token" in text and "f00d" not in text
    plain = address.replace(asked, "download=true&region=eu-1")
    assert load(served(data, "llamacpp", **{**here, "weights": plain}))


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"lora": [{"name": "a", "weights": ADAPTER}]}, "lora[0].file: found nothing, expected the GGUF"),
        ({"speculative": {"method": "draft-simple", "draft": {"weights": ADAPTER, "file": "d.bin"}}},
         "speculative.draft.file: found \"d.bin\", expected a file that ends in .gguf"),
        ({"weights": "file:///mnt/b.gguf@sha256:" + "6" * 64, "repo": None, "revision": None},
         "file: found \"tiny.gguf\", expected b.gguf: the weights are this one file"),
    ],
)  # fmt: skip
def test_files_of_adapters_and_drafts(
    change: Data, expected: str, data: Data, problems: Problems
) -> None:
    text = only(problems(served(data, "llamacpp", **change)))
    assert f"models[0].{expected}" in text


@pytest.mark.parametrize(
    ("engine", "spec", "expected"),
    [
        ("vllm", {"method": "EAGLE3"}, "method: found EAGLE3, expected one of vLLM's methods"),
        ("sglang", {"method": "eagle3"}, "method: found eagle3, expected one of SGLang's methods"),
        ("vllm", {"method": "eagle3"}, "draft: found nothing, expected the weights of a draft"),
        ("vllm", {"method": "ngram", "draft": {"weights": ADAPTER}}, "expected no draft model"),
        ("tgi", {"method": "medusa"}, "expected one of Text Generation Inference's methods: ngram"),
    ],
)
def test_speculation_by_a_method_it_has(
    engine: str, spec: Data, expected: str, data: Data, problems: Problems
) -> None:
    assert expected in only(problems(served(data, engine, speculative=spec)))


def test_adapters_have_names_of_their_own(data: Data, problems: Problems) -> None:
    lora = [{"name": name, "weights": ADAPTER} for name in ("qwen3-8b", "a", "a")]
    found = [str(problem) for problem in problems(served(data, "vllm", lora=lora))]
    assert [text.split(": ")[1] for text in found] == [
        "models[0].lora[0].name", "models[0].lora[2].name",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("engine", "args", "expected"),
    [
        ("ollama", {"num-ctx": 3}, "args: found 1 flags, expected nothing: Ollama takes no flags"),
        ("tgi", {"rope-scaling": "a b"}, "a value without spaces and wildcards"),
        ("vllm", {"speculative-config.method": "ngram"}, "it is speculative"),
        ("sglang", {"tp": 2}, "it is tensor_parallel"),
        ("triton", {"tokenizer": "t", "model-control-mode": "explicit"}, "no such flag"),
        ("triton", {}, 'args["tokenizer"]: found nothing, expected the folder of the tokenizer'),
    ],
)
def test_flags(engine: str, args: Data, expected: str, data: Data, problems: Problems) -> None:
    assert expected in only(problems(served(data, engine, args=args)))


def test_weights_and_another_repository_are_two_sources(
    data: Data, problems: Problems, load: Callable[..., HostSettings]
) -> None:
    other = "hf://another/model@" + "3" * 40
    for change in ({"weights": other}, {"weights": other, "repo": None}):
        text = only(problems(served(data, "vllm", **change)))
        assert (
            "models[0].weights: found hf://another/model, expected either weights, or repo" in text
        )
    alone = {"weights": other, "repo": None, "revision": None}
    assert load(served(data, "vllm", **alone)).models[0].weights == other
