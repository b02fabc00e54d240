"""Which ways out are named, in which order, and what a recommendation says."""

from __future__ import annotations

import pytest

from firstlight.catalogue import models
from firstlight.catalogue.load import uses
from firstlight.catalogue.named import card_name, cards_like, counted, model_name, refused
from firstlight.catalogue.nvidia import gpu_cards
from firstlight.sizing.advice import advice, planned
from firstlight.sizing.fit import fit
from firstlight.sizing.machine import Machine, from_card
from firstlight.sizing.plan import Plan, spread
from firstlight.sizing.recommend import recommended
from firstlight.sizing.subject import from_row


def ways(name: str, card: str, plan: Plan, count: int = 1) -> list[str]:
    subject, machine = from_row(name), from_card(card, count)
    assert subject is not None
    failed = fit(subject, machine, planned(subject, machine, plan))
    return [each.text for each in advice(failed)]


@pytest.mark.parametrize(
    ("name", "card", "count", "plan", "told"),
    [
        ("qwen3-8b", "rtx-4090", 1, Plan(8192), []),
        (
            "qwen3-8b",
            "rtx-4090",
            1,
            Plan(36864),
            ["FP8", "shorter", "qwen3-8b-fp8", "2 × ", "5090"],
        ),
        ("qwen3-8b", "rtx-3090", 1, Plan(36864), ["shorter", "qwen3-8b-fp8", "2 × ", "5090"]),
        ("qwen3-8b", "rtx-4090", 1, Plan(8192, 8), ["FP8", "concurrency 4"]),
        ("mistral-small-3.2-24b", "rtx-4090", 1, Plan(8192), ["nvfp4", "× GeForce RTX 4090"]),
        ("deepseek-v3", "h100", 8, Plan(32768, 8), ["nvfp4", "16 × H100", "8 × H200"]),
        ("mistral-large-3-675b", "rtx-4090", 1, Plan(8192), ["other cards: 4 × B300"]),
        ("mistral-small-4-119b", "rtx-4090", 1, Plan(8192), ["a smaller model"]),
        ("qwen2.5-72b", "h100", 1, Plan(8192), ["qwen2.5-72b-awq"]),
        ("qwen2.5-72b", "rtx-pro-6000", 1, Plan(8192), ['at loading: quantization "fp8"']),
        ("qwen2.5-72b", "a100-80gb", 1, Plan(8192), ["qwen2.5-72b-awq", "2 × A100"]),
    ],
)
def test_ways_out(name: str, card: str, count: int, plan: Plan, told: list[str]) -> None:
    found = ways(name, card, plan, count)
    assert bool(found) is bool(told)
    for part in told:
        assert any(part in each for each in found), found


def test_no_fp8_cache_for_a_card_without_it() -> None:
    assert not any("FP8 KV" in each for each in ways("qwen3-8b", "rtx-3090", Plan(36864)))
    asked = ways("qwen3-8b", "rtx-3090", Plan(16384, kv_cache_dtype="fp8"))
    assert asked[0].startswith("a KV cache in 16 bits")


def test_sizes_that_do_not_divide_are_mended() -> None:
    subject, machine = from_row("qwen3-8b"), from_card("rtx-4090", 3)
    assert subject is not None
    (first, *_) = advice(fit(subject, machine, Plan(8192, tensor=3)))
    assert "pipeline_parallel 3" in first.text and first.settings["pipeline_parallel"] == 3


def test_engines_that_divide_by_layers_get_no_other_formats() -> None:
    found = ways("qwen2.5-72b", "rtx-4090", Plan(8192, allocates=True))
    assert found and not any("fp8" in each.lower() or "awq" in each for each in found)


@pytest.mark.parametrize(
    ("heads", "count", "sizes"),
    [(32, 1, (1, 1)), (32, 8, (8, 1)), (40, 8, (8, 1)), (40, 16, (8, 2)), (32, 3, (1, 3)),
     (28, 8, (4, 2)), (128, 16, (8, 2)), (32, 6, (2, 3))],
)  # fmt: skip
def test_parallel_sizes(heads: int, count: int, sizes: tuple[int, int]) -> None:
    assert spread(heads, Machine("card", 24564, 8.9).of(count)) == sizes


@pytest.mark.parametrize("use", list(uses()))
@pytest.mark.parametrize("card", ["rtx-4090", "h100"])
def test_recommendations(use: str, card: str) -> None:
    found = recommended(from_card(card), use)
    wanted = uses()[use]
    if (use, card) == ("enterprise", "rtx-4090"):
        assert found == ()
        return
    for each in found:
        assert each.fit.fits and use in models()[each.model].uses
        assert each.fit.plan.context == wanted.context
        assert [part.split(":")[0] for part in each.reasons][:3] == [
            "requirement",
            "model",
            "memory",
        ]
        assert any(part.startswith("engine: ") for part in each.reasons)
    sizes = [each.fit.subject.parameters.total for each in found]
    assert sizes == sorted(sizes, reverse=True) and found


def test_an_old_card_gets_another_engine() -> None:
    (first, *_) = recommended(from_card("v100-32gb"), "chat")
    assert first.engine == "llamacpp" and first.fit.subject.quantization == "q4_k_m"


@pytest.mark.parametrize(
    ("text", "name"),
    [("4090", "rtx-4090"), ("rtx4090", "rtx-4090"), ("RTX 4090", "rtx-4090"), ("h100", "h100"),
     ("NVIDIA GeForce RTX 4090", "rtx-4090"), ("L40S", "l40s"), ("a100-80", "a100-80gb"),
     ("pro6000", "rtx-pro-6000"), ("RTX PRO 6000 Blackwell", "rtx-pro-6000"), ("B200", "b200"),
     ("a10", "a10"), ("3090", "rtx-3090"), ("5090", "rtx-5090"), ("l4", "l4"), ("h200", "h200"),
     ("a100-40gb", "a100-40gb"), ("gtx", None), ("", None)],
)  # fmt: skip
def test_cards_by_name(text: str, name: str | None) -> None:
    assert card_name(text) == name


def test_counts_and_doubts() -> None:
    assert counted("8xh100") == (8, "h100") and counted("2 × RTX 4090") == (2, "RTX 4090")
    assert counted("4090") == (1, "4090") and counted("0xh100") == (0, "h100")
    assert cards_like("a100") == ["a100-40gb", "a100-80gb"] and cards_like("") == []


def test_the_catalogue_points_at_itself() -> None:
    for name, row in models().items():
        for other in (*row.variants, *row.smaller, *filter(None, [row.like])):
            assert other in models(), (name, other)
        assert set(row.uses) <= set(uses()) and (row.architecture is None) is bool(row.like)
        for alias in (*row.aliases, row.repo):
            assert model_name(alias) == name and refused(alias) is None


def test_real_memory_is_near_what_is_sold() -> None:
    for row in gpu_cards().values():
        assert not row.mib or 0.93 * row.memory < row.mib / 1024 < 1.05 * row.memory
