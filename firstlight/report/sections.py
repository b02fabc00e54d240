"""The sections of a report, in its order: recording rules and facts by name, nothing computed twice."""

from __future__ import annotations

from firstlight.report.section import (
    Column,
    Plot,
    Section,
    Table,
    edge,
    mean,
    mean_of_all,
    most,
    most_of_all,
    sum_of_all,
)
from firstlight.report.sections_use import COST, GPUS, KEYS
from firstlight.report.units import percent
from firstlight.status import text

MODEL, HOST = ("model",), ("instance",)
PUBLIC, ENGINES = 'probe_success{job="public"}', 'up{job="engine"}'


def by_model(expression: str) -> str:
    """Return the mean of all series of each model."""
    return f"avg by (model) ({expression})"


AVAILABILITY = Section(
    "availability",
    "Availability",
    "no host and no public URL was asked in this time",
    (
        Plot("Public URL, down to a first token", by_model(mean(PUBLIC)), MODEL, percent),
        Plot("Engines that answer, of all", by_model(mean(ENGINES)), MODEL, percent),
    ),
    (
        Table(
            "Models",
            MODEL,
            (
                Column("public URL", by_model(mean_of_all(PUBLIC)), percent),
                Column("engines", by_model(mean_of_all(ENGINES)), percent),
            ),
        ),
        Table(
            "Hosts",
            HOST,
            (
                Column("answered", f"max by (instance) ({mean_of_all('up')})", percent),
                Column("CPU", mean_of_all("instance:cpu:ratio"), text.share),
                Column("memory, most", most_of_all("instance:memory:ratio"), text.share),
                Column(
                    "disk, most",
                    f"max by (instance) ({most_of_all('instance:disk:ratio')})",
                    text.share,
                ),
            ),
        ),
    ),
    note="A share is of the times that were measured; what was not measured counts neither way.",
)
LATENCY = Section(
    "latency",
    "Latency",
    "no model has answered a request in this time",
    (
        Plot(
            "Time to first token, p95",
            mean("model:llm_ttft_seconds:p95"),
            MODEL,
            text.seconds,
            "ttft_p95",
        ),
        Plot(
            "Between tokens, p95",
            mean("model:llm_inter_token_seconds:p95"),
            MODEL,
            text.seconds,
            "itl_p95",
        ),
        Plot("Whole request, p95", mean("model:llm_e2e_seconds:p95"), MODEL, text.seconds),
    ),
    (
        Table(
            "Time to first token",
            MODEL,
            (
                Column("p50, mean", mean_of_all("model:llm_ttft_seconds:p50"), text.seconds),
                Column("p95, mean", mean_of_all("model:llm_ttft_seconds:p95"), text.seconds),
                Column("p99, mean", mean_of_all("model:llm_ttft_seconds:p99"), text.seconds),
                Column("p95, worst", most_of_all("model:llm_ttft_seconds:p95"), text.seconds),
            ),
        ),
    ),
    note="A percentile is of the requests of 5 minutes; its mean is over all that had any.",
)
THROUGHPUT = Section(
    "throughput",
    "Throughput",
    "no model has answered a request in this time",
    (
        Plot(
            "Generated tokens per second",
            mean("model:llm_generation_tokens:rate5m"),
            MODEL,
            text.rate,
        ),
        Plot("Prompt tokens per second", mean("model:llm_prompt_tokens:rate5m"), MODEL, text.rate),
        Plot("Requests per second", mean("model:llm_requests:rate5m"), MODEL, text.rate),
        Plot("Requests that wait, most", most("model:llm_requests_waiting"), MODEL, text.rate),
        Plot("KV cache in use, most", most("model:llm_kv_cache_usage:ratio"), MODEL, text.share),
    ),
    (
        Table(
            "Models",
            MODEL,
            (
                Column(
                    "requests", sum_of_all(mean("model:llm_requests:rate5m")), text.number, True
                ),
                Column(
                    "prompt tokens",
                    sum_of_all(mean("model:llm_prompt_tokens:rate5m")),
                    text.number,
                    True,
                ),
                Column(
                    "generated",
                    sum_of_all(mean("model:llm_generation_tokens:rate5m")),
                    text.number,
                    True,
                ),
                Column(
                    "tokens/s, most", most_of_all("model:llm_generation_tokens:rate5m"), text.rate
                ),
                Column("waiting, most", most_of_all("model:llm_requests_waiting"), text.number),
            ),
        ),
    ),
)
ERRORS = Section(
    "errors",
    "Errors and limits",
    "the edge has seen no request in this time",
    (
        Plot(
            "Share of requests that failed (5xx)",
            mean("model:edge_errors:ratio5m"),
            MODEL,
            percent,
            "errors",
        ),
        Plot("Share that timed out (504)", mean("model:edge_timeouts:ratio5m"), MODEL, percent),
        Plot(
            "Refused by limits (429) per second",
            mean("model:edge_limited:rate5m"),
            MODEL,
            text.rate,
        ),
    ),
    (
        Table(
            "Answers by code",
            ("code",),
            (Column("requests", sum_of_all(edge("code")), text.number, True),),
        ),
    ),
)
SECTIONS = (AVAILABILITY, LATENCY, THROUGHPUT, ERRORS, KEYS, GPUS, COST)
