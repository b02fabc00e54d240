"""Recording rules give the numbers that the pages say, for every engine."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.monitor.exposition import page
from tests.monitor.promtool import METRIC, judged, needed, series
from tests.monitor.rules.test_quiet import TARGETS, values

AT = "10m"
Numbers = dict[str, float | None]
Tests = list[tuple[str, float | None]]
# In an hour of the pages every counter does in a minute what it did until it was recorded:
# a rate is the counter's value / 60.
EXPECTED: dict[str, Numbers] = {
    "vllm": {  # recorded: 16 requests, 300 tokens of prompts, 2543 generated
        "llm_requests_running": 0,
        "llm_requests_waiting": 0,
        "llm_kv_cache_usage:ratio": 0,
        "llm_prefix_cache_hit:ratio5m": 0,
        "llm_prompt_tokens:rate5m": 300 / 60,
        "llm_generation_tokens:rate5m": 2543 / 60,
        "llm_requests:rate5m": 16 / 60,
        "llm_requests_failed:rate5m": 0,
        "llm_preemptions:rate5m": 0,
        "llm_rejections:rate5m": 0,
        "llm_request_tokens_per_second": 2526 / 2.9268306940011826,
        "llm_batch_utilization:ratio": 0 / 16,
    },
    "llamacpp": {  # recorded: 140 tokens of prompts and 89 from the cache, 1608 generated in 0.385 s
        "llm_requests_running": 0,
        "llm_requests_waiting": 0,
        "llm_kv_cache_usage:ratio": None,
        "llm_prefix_cache_hit:ratio5m": 89 / (140 + 89),
        "llm_prompt_tokens:rate5m": (140 + 89) / 60,
        "llm_generation_tokens:rate5m": 1608 / 60,
        "llm_requests:rate5m": None,
        "llm_request_tokens_per_second": 1608 / 0.385404,
        "llm_ttft_seconds:p95": None,
    },
    "sglang": {
        "llm_requests_running": 3,
        "llm_requests_waiting": 1,
        "llm_kv_cache_usage:ratio": 0.25,
        "llm_prefix_cache_hit:ratio5m": 1500 / 6000,
        "llm_prompt_tokens:rate5m": 100,
        "llm_generation_tokens:rate5m": 50,
        "llm_requests:rate5m": 1,
        "llm_requests_failed:rate5m": None,
        "llm_preemptions:rate5m": 0,
        "llm_rejections:rate5m": None,
        "llm_request_tokens_per_second": 2940 / 44.1,
        "llm_ttft_seconds:p50": 0.1,
        "llm_ttft_seconds:p95": 0.1 + 0.4 * (57 - 30) / 30,
        "llm_inter_token_seconds:p50": 0.015,
        "llm_e2e_seconds:p99": 0.5 + 0.5 * 0.99,
    },
    "tgi": {
        "llm_requests_running": 2,
        "llm_requests_waiting": 0,
        "llm_prompt_tokens:rate5m": 100,
        "llm_generation_tokens:rate5m": 50,
        "llm_requests:rate5m": 1,
        "llm_requests_failed:rate5m": 0,
        "llm_request_tokens_per_second": 60 / 0.9,
        "llm_ttft_seconds:p95": None,
        "llm_inter_token_seconds:p50": 0.015,
        "llm_e2e_seconds:p50": 0.75,
    },
    "triton": {
        "llm_requests_running": 4,
        "llm_requests_waiting": 3,
        "llm_kv_cache_usage:ratio": 0.4,
        "llm_requests:rate5m": 1,
        "llm_requests_failed:rate5m": 0,
        "llm_generation_tokens:rate5m": None,
    },
}
OTHERS: dict[str, Tests] = {
    "edge": [
        ('model:edge_requests:rate5m{model="tiny"}', 61 / 60),
        ('model:edge_errors:ratio5m{model="tiny"}', 0),
        ('model:edge_timeouts:ratio5m{model="tiny"}', 0),
        ('model:edge_limited:rate5m{model="tiny"}', 1 / 60),
        ('key:edge_requests:rate5m{key="alice"}', 61 / 60),
        ('key:edge_limited:rate5m{key="alice"}', 1 / 60),
        ('instance:edge_unknown:rate5m{instance="front1"}', 2 / 60),
        ('model:edge_ttft_seconds:p50{model="tiny"}', 0.1),
        ('model:edge_e2e_seconds:p50{model="tiny"}', 0.75),
        # No engine of "tiny" is here, as if it were Ollama's: the edge's are the model's.
        ('model:llm_ttft_seconds:p50{model="tiny"}', 0.1),
        ('model:llm_e2e_seconds:p50{model="tiny"}', 0.75),
        ('model:llm_requests:rate5m{model="tiny"}', 61 / 60),
    ],
    "dcgm-geforce": [
        ("gpu:utilization:ratio", 0.97),
        ("gpu:memory_used:bytes", 23000 * 1048576),
        ("gpu:memory_total:bytes", 24564 * 1048576),
        ("gpu:power:watts", 310.5),
        ("gpu:temperature:celsius", 61),
        ("gpu:throttled:ratio5m", 0),
        ('instance:power:watts{instance="gpu1"}', 310.5),
        ("site:power:watts", 310.5),
        # A euro an hour of hardware, and 310.5 W at half a euro a kWh with half of it on top.
        ('instance:cost:per_hour{instance="gpu1"}', 1 + 0.3105 * 0.5 * 1.5),
        ("site:energy_cost:per_hour", 0.3105 * 0.5 * 1.5),
        ("site:hardware_cost:per_hour", 1),
        ("site:cost:per_hour", 1 + 0.3105 * 0.5 * 1.5),
        ('instance:vram_other:bytes{instance="gpu1"}', 0),
    ],
    "dcgm-datacenter": [('instance:vram_other:bytes{instance="gpu2"}', 23000 * 1048576)],
    "power": [('instance:power:watts{instance="gpu1"}', 640)],
    "facts": [('instance:vram_weights:bytes{instance="gpu1"}', 16e9)],
}


def sample(expr: str, number: float | None) -> dict[str, object]:
    labels = [] if number is None else [{"labels": "{}", "value": 1}]
    near = f"abs({expr} - {number!r}) <= 1e-9 * {abs(number) + 1!r}" if number is not None else expr
    counted = f"count({near})" if number is not None else near
    return {"expr": counted, "eval_time": AT, "exp_samples": labels}


def measured(*pages: str) -> list[dict[str, str]]:
    return [
        {"series": each.seen(**target), "values": values(each)}
        for name in pages
        for target in TARGETS[name]
        for each in page(name)
        if each.value not in ("NaN", "+Inf")
    ]


def hour(pages: list[str], tests: Tests, *more: str) -> list[dict[str, object]]:
    """``tests`` over an hour of ``pages`` and of ``more`` series."""
    found: dict[str, object] = {
        "interval": "1m",
        "input_series": [*measured(*pages), *map(series, more)],
        "promql_expr_test": [sample(expr, number) for expr, number in tests],
    }
    return [found]


def records(texts: dict[str, str], tests: Tests) -> dict[str, str]:
    return needed(texts, [word for expr, _ in tests for word in METRIC.findall(expr)])


@pytest.mark.parametrize("engine", EXPECTED)
def test_every_engine_under_the_same_names(
    engine: str, texts: dict[str, str], folder: Path
) -> None:
    target = TARGETS[engine][0]
    own = {key: target[key] for key in ("instance", "model", "replica")}
    room = ",".join(f'{key}="{value}"' for key, value in own.items())
    found: Tests = []
    for name, number in EXPECTED[engine].items():
        found.append((f'replica:{name}{{engine="{engine}",{room}}}', number))
        found.append((f'model:{name}{{model="{own["model"]}"}}', number))
    concurrency = f'firstlight_model_concurrency{{job="node",{room}}} 16x60'
    judged(folder, (records(texts, found), hour([engine], found, concurrency)))


@pytest.mark.parametrize("name", OTHERS)
def test_hosts_gpus_edges_and_money(name: str, texts: dict[str, str], folder: Path) -> None:
    judged(folder, (records(texts, OTHERS[name]), hour([name], OTHERS[name])))


def test_a_million_tokens_have_a_price(texts: dict[str, str], folder: Path) -> None:
    price, tokens = 1 + 0.3105 * 0.5 * 1.5, 2543 * 60 / 1e6
    found: Tests = [
        ("site:llm_cost_per_million_tokens", price / tokens),
        ('model:llm_cost_per_million_tokens{model="tiny"}', price / tokens),
        ('replica:hardware_share:ratio{instance="gpu1"}', 1),
        ("site:llm_generation_tokens:rate5m", 2543 / 60),
    ]
    pages = ["vllm", "dcgm-geforce", "facts"]
    judged(folder, (records(texts, found), hour(pages, found)))


def test_a_wrong_number_would_be_seen(texts: dict[str, str], folder: Path) -> None:
    found: Tests = [("gpu:temperature:celsius", 62)]
    with pytest.raises(AssertionError, match="FAILED"):
        judged(folder, (records(texts, found), hour(["dcgm-geforce"], found)))
