"""The arithmetic against what vLLM printed on other people's cards, with the place it was read.

Given the cache's memory, the tokens agree within 1.5 % (the logs round to 0.01 GiB). From the
card alone the estimate is on the safe side: never more than 5 % above what was printed, and not
below half of it.
"""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from firstlight.catalogue.architecture import Architecture
from firstlight.sizing.fit import fit
from firstlight.sizing.kv import request_bytes
from firstlight.sizing.machine import Machine, from_card
from firstlight.sizing.plan import GIB, Plan
from firstlight.sizing.subject import Subject, architecture_of, from_row

LLAMA_31_8B = Architecture(
    layers=32, hidden=4096, heads=32, kv_heads=8, head_dim=128, intermediate=14336, vocab=128256,
    positions=131072,
)  # fmt: skip


@dataclass(frozen=True)
class Log:
    """What a log says: the cache in GiB and in tokens, and weights in GiB, of one card."""

    source: str
    of: Architecture
    plan: Plan
    kv: float
    tokens: int
    batched: int = 8192


def known(name: str) -> Architecture:
    found = architecture_of(name)
    assert found is not None
    return found


LOGS = [
    Log("vllm-project/vllm issue 10517, RTX 3090, 0.6: 1952 blocks of 16",
        LLAMA_31_8B, Plan(20000), 3.81, 31232),
    Log("vllm-project/vllm issue 10517, RTX 3090, 0.6: 1478 blocks of 16",
        LLAMA_31_8B, Plan(29000), 2.89, 23648),
    Log("vllm-project/vllm issue 21348, 4 × H100, Qwen3-235B-A22B-FP8",
        known("qwen3-235b-a22b"), Plan(40960, tensor=4), 8.11, 178880),
    Log("public blog post on two cards with 40.47 GiB each, Qwen3-32B, TP 2",
        known("qwen3-32b"), Plan(32768, tensor=2), 8.22, 67296),
    Log("the same with pipeline parallel",
        known("qwen3-32b"), Plan(32768, pipeline=2), 6.92, 56640),
    Log("public log book of a challenge, RTX 5090, vLLM 0.25, Gemma 4 E2B",
        known("gemma-4-e2b"), Plan(32768), 0.93, 106443),
]  # fmt: skip


@pytest.mark.parametrize("log", LOGS, ids=lambda log: log.source[:48])
def test_tokens_of_the_cache(log: Log) -> None:
    one = request_bytes(log.of, log.plan, log.plan.context, log.batched)
    tokens = log.kv * GIB * log.plan.context / one
    assert tokens == pytest.approx(log.tokens, rel=0.015)


TWO = Machine("a part of RTX PRO 6000", 97887, 12.0, 2)
SHARE = 40.47 * GIB / TWO.cuda_bytes
LLAMA = Subject("Llama-3.1-8B-Instruct", LLAMA_31_8B, int(14.9888 * GIB))


@pytest.mark.parametrize(
    ("subject", "machine", "plan", "tokens"),
    [
        (LLAMA, from_card("rtx-3090"), Plan(20000, utilization=0.9, batched=20000), 31232),
        (LLAMA, from_card("rtx-3090"), Plan(29000, utilization=0.9, batched=29000), 23648),
        (from_row("qwen3-32b"), TWO, Plan(32768, utilization=SHARE, tensor=2), 67296),
        (from_row("qwen3-32b"), TWO, Plan(32768, utilization=SHARE, pipeline=2), 56640),
        # 31.59 requests of 32768 tokens on an A10G with 24 GB; the same log book
        (from_row("gemma-4-e2b"), from_card("a10"), Plan(32768, utilization=0.9, batched=8192),
         int(31.59 * 32768)),
    ],
)  # fmt: skip
def test_from_the_card_alone(subject: Subject, machine: Machine, plan: Plan, tokens: int) -> None:
    assert 0.5 * tokens <= fit(subject, machine, plan).kv_tokens <= 1.05 * tokens


@pytest.mark.parametrize(
    ("plan", "gib"), [(Plan(1, tensor=2), 30.59), (Plan(1, pipeline=2), 30.52)]
)
def test_weights_of_one_card(plan: Plan, gib: float) -> None:
    subject = from_row("qwen3-32b")
    assert subject is not None
    assert fit(subject, TWO, plan).budget["weights"] / GIB == pytest.approx(gib, rel=0.012)


# What the makers and vLLM's recipes say runs where (vllm-project/recipes, 2026-08-21).
@pytest.mark.parametrize(
    ("name", "card", "count", "fits"),
    [
        ("deepseek-v3", "h200", 8, True),
        ("deepseek-v3", "h100", 8, False),
        ("deepseek-v3.1-nvfp4", "b200", 4, True),
        ("mistral-large-3-675b", "h200", 8, True),
        ("mistral-large-3-675b-nvfp4", "b200", 4, True),
        ("mistral-small-4-119b", "h200", 2, True),
        ("mistral-small-4-119b", "rtx-4090", 1, False),
        ("mistral-small-4-119b-nvfp4", "b200", 1, True),
        ("llama-4-scout", "h100", 4, True),
        ("llama-4-scout", "h100", 2, False),
        ("llama-4-scout-w4a16", "h100", 1, True),
        ("gemma-4-e2b", "rtx-4090", 1, True),
        ("qwen3-8b", "rtx-4090", 1, True),
        ("qwen3-14b", "rtx-4090", 1, False),
        ("mistral-small-3.2-24b", "rtx-4090", 1, False),
        ("mistral-small-3.2-24b", "h100", 1, True),
        ("qwen2.5-72b-awq", "a100-80gb", 1, True),
        ("qwen2.5-72b", "h100", 4, True),
    ],
)
def test_what_is_known_to_run(name: str, card: str, count: int, fits: bool) -> None:
    subject = from_row(name)
    assert subject is not None
    assert fit(subject, from_card(card, count), Plan(8192, tensor=count)).fits is fits
