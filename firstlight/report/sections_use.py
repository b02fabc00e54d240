"""The sections of a report about who and what was used, and what that cost."""

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
from firstlight.report.units import degrees, energy, money, percent, spent, watts
from firstlight.status import text

MODEL = ("model",)
GPU = ("instance", "gpu", "modelName")
KEYS = Section(
    "keys",
    "Use by key",
    "the edge has seen no request in this time",
    (Plot("Requests per second", mean("key:edge_requests:rate5m"), ("key",), text.rate),),
    (
        Table(
            "Keys",
            ("key",),
            (
                Column("requests", sum_of_all(mean("key:edge_requests:rate5m")), text.number, True),
                Column(
                    "refused (429)", sum_of_all(mean("key:edge_limited:rate5m")), text.number, True
                ),
                Column("sent to it", sum_of_all(edge("key", "sent_bytes_total")), text.size, True),
                Column(
                    "received", sum_of_all(edge("key", "received_bytes_total")), text.size, True
                ),
            ),
        ),
    ),
)
GPUS = Section(
    "gpus",
    "GPUs",
    "no GPU was measured: the hosts have none, or no DCGM exporter answered",
    (
        Plot("Use", mean("gpu:utilization:ratio"), GPU, text.share),
        Plot("Memory, most", most("gpu:memory_used:bytes"), GPU, text.size),
        Plot("Power", mean("gpu:power:watts"), GPU, watts),
        Plot("Temperature, most", most("gpu:temperature:celsius"), GPU, degrees),
    ),
    (
        Table(
            "GPUs",
            GPU,
            (
                Column("use", mean_of_all("gpu:utilization:ratio"), text.share),
                Column("memory, most", most_of_all("gpu:memory_used:bytes"), text.size),
                Column("power", mean_of_all("gpu:power:watts"), watts),
                Column("power, most", most_of_all("gpu:power:watts"), watts),
                Column("°C, most", most_of_all("gpu:temperature:celsius"), degrees),
                Column("throttled", mean_of_all("gpu:throttled:ratio5m"), percent),
            ),
        ),
    ),
)
_COST, _TOKENS = (
    f"sum({sum_of_all(mean(rule))})"
    for rule in ("site:cost:per_hour", "site:llm_generation_tokens:rate5m")
)
PER_MILLION = f"1e6 * ({_COST} / 3600) / ({_TOKENS} > 0)"
"""What a million tokens came to: all costs, idle hours too, by all tokens."""
COST = Section(
    "cost",
    "Cost",
    "no power was measured and no price of hardware is set (monitor.cost)",
    (
        Plot("Power of everything", mean("site:power:watts"), (), watts),
        Plot("Cost per hour", mean("site:cost:per_hour"), (), money),
        Plot("Cost per million tokens", mean("model:llm_cost_per_million_tokens"), MODEL, money),
    ),
    (
        Table(
            "In all",
            (),
            (
                Column("energy", f"sum({sum_of_all(mean('site:power:watts'))})", energy, True),
                Column(
                    "for energy",
                    f"sum({sum_of_all(mean('site:energy_cost:per_hour'))})",
                    spent,
                    True,
                ),
                Column(
                    "for hardware",
                    f"sum({sum_of_all(mean('site:hardware_cost:per_hour'))})",
                    spent,
                    True,
                ),
                Column("together", _COST, spent, True),
                Column("tokens", _TOKENS, text.number, True),
                Column("per million tokens", PER_MILLION, money),
            ),
        ),
    ),
)
