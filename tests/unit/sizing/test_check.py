"""Settings whose models cannot fit: refused with numbers and ways out; all others are let pass."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from firstlight.catalogue.nvidia import gpu_cards
from firstlight.settings import HostSettings
from firstlight.settings.problem import Problem
from firstlight.sizing.advice import planned
from firstlight.sizing.check import misfits, obstacles, unsized, verdicts
from firstlight.sizing.fit import fit
from firstlight.sizing.flags import suggested
from firstlight.sizing.machine import from_card
from firstlight.sizing.plan import Plan
from firstlight.sizing.subject import from_row
from tests.site import OLLAMA, VLLM

Load = Callable[..., HostSettings]
LLAMACPP: dict[str, Any] = {
    "name": "qwen3-8b",
    "engine": "llamacpp",
    "repo": "Qwen/Qwen3-8B-GGUF",
    "file": "Qwen3-8B-Q8_0.gguf",
    "revision": "1" * 40,
    "image": "ghcr.io/ggml-org/llama.cpp@sha256:" + "b" * 64,
    "context": 4096,
    "concurrency": 2,
    "bytes": 8_710_000_000,
}


@pytest.fixture
def host(load_settings: Load) -> Callable[..., HostSettings]:
    def host(card: str | None, count: int | None, *models: dict[str, Any]) -> HostSettings:
        nvidia = {k: v for k, v in (("card", card), ("count", count)) if v is not None}
        # Put in afterwards: as settings they would be refused, which is tested further down.
        nodes = [model.get("nodes", 1) for model in models]
        alone = [{k: v for k, v in model.items() if k != "nodes"} for model in models]
        loaded = load_settings(models=alone)
        cards = loaded.nvidia.model_copy(update=nvidia)
        loaded = loaded.model_copy(update={"nvidia": cards})
        spread = [
            each.model_copy(update={"nodes": count})
            for each, count in zip(loaded.models, nodes, strict=True)
        ]
        return loaded.model_copy(update={"models": tuple(spread)})

    return host


def vllm(name: str, repo: str, **more: Any) -> dict[str, Any]:
    return {**VLLM, "name": name, "repo": repo, "context": 8192, **more}


LARGE = vllm("mistral-large-3-675b", "mistralai/Mistral-Large-3-675B-Instruct-2512")
SMALL = vllm("qwen3-8b", "Qwen/Qwen3-8B")
FIT = [
    ("rtx-4090", 1, [SMALL]),
    ("rtx-4090", 1, [{**SMALL, "concurrency": 512}]),
    ("h200", 8, [{**LARGE, "gpus": 8}]),
    ("h100", None, [LARGE]),
    (None, 1, [LARGE]),
    ("rtx-4090", 1, [{**LARGE, "gpus": 0}]),
    ("rtx-4090", 1, [vllm("mine", "somebody/unknown-70b")]),
    ("rtx-4090", 1, [LLAMACPP]),
    # Its 8-bit cache is q8_0, which needs no card with FP8 units.
    ("rtx-3090", 1, [{**LLAMACPP, "kv_cache_dtype": "fp8"}]),
    # A part of it is left to the host's memory on purpose.
    ("rtx-4090", 1, [{**LLAMACPP, "bytes": 40 * 10**9, "args": {"n-gpu-layers": 12}}]),
    ("rtx-4090", 1, [vllm("qwen3-32b", "Qwen/Qwen3-32B", args={"cpu-offload-gb": 60})]),
    ("rtx-4090", 1, [{**OLLAMA, "concurrency": 4}]),
    ("h100", 4, [{**SMALL, "gpus": 2, "replicas": 2}]),
    ("rtx-5090", 1, [{**SMALL, "gpus": [0], "gpu_memory_utilization": 0.7}]),
    ("h100", 8, [{**LARGE, "gpus": 8, "nodes": 2}]),
    ("rtx-4090", 1, [vllm("qwen3-14b", "Qwen/Qwen3-14B", quantization="fp8", context=4096)]),
]
MISFIT = [
    ("rtx-4090", 1, {**SMALL, "context": 40000}, ("leave", 'kv_cache_dtype "fp8"')),
    ("rtx-4090", 1, {**SMALL, "context": 131072}, ("40960 positions", "context")),
    ("rtx-4090", 1, LARGE, ("before any context", "cards")),
    ("h100", 8, {**LARGE, "gpus": 8}, ("before any context", "nvfp4")),
    ("rtx-5090", 1, {**SMALL, "gpus": [0], "gpu_memory_utilization": 0.4}, ("40%", "")),
    ("rtx-3090", 1, {**SMALL, "kv_cache_dtype": "fp8"}, ("8.9", "")),
    ("h100", 3, {**SMALL, "gpus": 3}, ("tensor parallel 3 does not divide", "")),
    ("rtx-4090", 1, {**LLAMACPP, "concurrency": 64, "context": 32768}, ("64 requests", "")),
    ("rtx-4090", 1, {**OLLAMA, "weights": "ollama://qwen2.5:72b@sha256:" + "c" * 64}, ("", "")),
]


@pytest.mark.parametrize(("card", "count", "models"), FIT)
def test_what_fits_passes(host: Any, card: str, count: int, models: list[dict[str, Any]]) -> None:
    assert list(misfits(host(card, count, *models))) == []


@pytest.mark.parametrize(("card", "count", "model", "told"), MISFIT)
def test_what_cannot_fit_is_refused(
    host: Any, card: str, count: int, model: dict[str, Any], told: tuple[str, str]
) -> None:
    found = list(misfits(host(card, count, model)))
    assert len(found) == 1 and isinstance(found[0], Problem)
    assert found[0].key.startswith("models[0]") and "does not fit" in found[0].found
    assert told[0] in found[0].found and told[1] in found[0].fix and found[0].fix


def test_what_is_only_tight_is_told_and_not_refused(host: Any) -> None:
    # 8192 tokens were seen to go on such a card; the estimate says 7181.
    tight = vllm("qwen3-32b-awq", "Qwen/Qwen3-32B-AWQ")
    settings = host("rtx-4090", 1, tight)
    assert list(misfits(settings)) == list(obstacles(settings, [24564])) == []
    (line,) = verdicts(settings, [gpu_cards()["rtx-4090"]])
    assert line.startswith("WARNING: qwen3-32b-awq on GeForce RTX 4090 is tight")
    assert 'kv_cache_dtype "fp8"' in line
    (problem,) = misfits(host("rtx-4090", 1, {**tight, "context": 32768}))
    assert "does not fit" in problem.found


def test_flags_that_stretch_a_model_are_believed(host: Any) -> None:
    long = {**SMALL, "context": 65536}
    (problem,) = misfits(host("h100", 1, long))
    assert "knows 40960 positions" in problem.found
    stretched = {**long, "args": {"hf-overrides": '{"rope_scaling": {"factor": 4.0}}'}}
    assert list(misfits(host("h100", 1, stretched))) == []


def test_it_is_refused_by_what_the_host_shows(host: Any) -> None:
    settings = host(None, None, {**SMALL, "context": 32768})
    assert list(obstacles(settings, [])) == []
    assert list(obstacles(settings, [gpu_cards()["h100"]])) == []
    assert list(obstacles(settings, [81559])) == []
    (error,) = obstacles(settings, [16384])
    assert error.where == "gpu1: models[0]" and "GiB" in error.why and error.fix
    (mixed,) = obstacles(host(None, None, {**SMALL, "gpus": 1}), [81559, 16384])
    assert "unknown GPU" in mixed.what
    # A small card that another model has, or a screen, does not matter.
    assert list(obstacles(host(None, None, {**SMALL, "gpus": [0]}), [81559, 16384])) == []
    assert list(obstacles(host(None, None, {**SMALL, "gpus": [1]}), [81559, 16384])) != []


@pytest.mark.parametrize(
    ("repo", "successor"),
    [("Qwen/Qwen-7B-Chat", "qwen3-8b"), ("Qwen/Qwen3-72B", "qwen2.5-72b"),
     ("Qwen/Qwen-1_8B-Chat", "qwen3-1.7b")],
)  # fmt: skip
def test_what_cannot_be_had_is_refused_without_a_card(host: Any, repo: str, successor: str) -> None:
    (problem,) = misfits(host(None, None, vllm("mine", repo)))
    assert successor in problem.fix


def test_what_is_not_known_is_told_and_not_refused(host: Any) -> None:
    models = vllm("mine", "somebody/unknown-70b", gpus=[1]), {**SMALL, "gpus": [0]}
    assert unsized(host("rtx-4090", 2, *models)) == ["mine"]


def test_divided_cards_are_not_judged(load_settings: Load) -> None:
    nvidia = {"card": "h100", "count": 1, "mig": {"all-1g.10gb": 7}}
    settings = load_settings(nvidia=nvidia, models=[LARGE])
    assert list(misfits(settings)) == [] and list(obstacles(settings, [81559])) == []


def test_adapters_and_drafts_take_memory(host: Any) -> None:
    draft = {"method": "eagle3", "draft": {"weights": "hf://a/b@" + "1" * 40, "bytes": 4 * 10**9}}
    settings = host("rtx-4090", 1, {**SMALL, "context": 16384, "speculative": draft})
    (problem,) = misfits(settings)
    assert "adapters and draft" in problem.found


@pytest.mark.parametrize(
    ("name", "card", "count", "context"),
    [("qwen3-8b", "rtx-4090", 1, 16384), ("qwen2.5-72b", "h100", 8, 32768),
     ("gemma-4-e2b", "l4", 1, 8192), ("qwen3-8b", "rtx-4090", 3, 8192)],
)  # fmt: skip
def test_what_is_suggested_is_right_and_fits(
    host: Any, name: str, card: str, count: int, context: int
) -> None:
    subject, machine = from_row(name), from_card(card, count)
    assert subject is not None
    found = fit(subject, machine, planned(subject, machine, Plan(context)))
    pins = {key: VLLM[key] for key in ("revision", "image")}
    settings = host(card, count, suggested(found) | pins)
    assert list(misfits(settings)) == [] and settings.models[0].context == context
