"""Fleet: is it up, is it fast, what does it cost."""

from __future__ import annotations

from firstlight.monitor.dashboards.panel import (
    BUSY,
    COUNT,
    DAYS_LEFT,
    MONEY,
    RATIO,
    SECONDS,
    SOME,
    TOKENS,
    UP,
    WATTS,
    WORDS,
    YES,
    Dashboard,
    Panel,
    Query,
    Row,
)
from firstlight.monitor.dashboards.scope import COUNTING, EDGE, GPU, telling
from firstlight.monitor.dashboards.scope import TOKENS as COUNTS_TOKENS

ALERTS = 'ALERTS{alertstate="firing", alertname!="Watchdog"}'

UP_ROW = Row(
    "Is it up",
    (
        Panel(
            "Hosts down",
            "Hosts whose node exporter does not answer.",
            COUNT,
            (Query('count(up{job="node"} == 0) or vector(0)'),),
            "stat", 4, 4, steps=SOME,
        ),
        Panel(
            "Engines down",
            "Replicas whose metrics do not answer. One of several may be down unseen by users.",
            COUNT,
            (Query('count(up{job="engine"} == 0) or vector(0)'),),
            "stat", 4, 4, needs=COUNTING, steps=SOME,
        ),
        Panel(
            "Models without a first token",
            "Public models whose last probe, with a real key through the public URL, saw no token.",
            COUNT,
            (Query('count(probe_success{job="public"} == 0) or vector(0)'),),
            "stat", 4, 4, needs=(EDGE,), steps=SOME,
        ),
        Panel(
            "GPUs missing",
            "GPUs that were expected and cannot be used.",
            COUNT,
            (Query("sum(firstlight_gpu_expected) - sum(firstlight_gpu_usable)"),),
            "stat", 4, 4, needs=(GPU,), steps=SOME,
        ),
        Panel(
            "Alerts firing",
            "Alerts that fire now, critical ones and all.",
            COUNT,
            (
                Query(f"count({ALERTS}) or vector(0)", "all"),
                Query(f'count({ALERTS.replace("}", "")}, severity="critical"}}) or vector(0)', "critical"),
            ),
            "stat", 4, 4, steps=SOME,
        ),
        Panel(
            "Next certificate ends in",
            "Time until the first of all certificates ends.",
            SECONDS,
            (Query('min(firstlight_certificate_not_after_seconds{job="node"}) - time()'),),
            "stat", 4, 4, needs=(EDGE,), steps=DAYS_LEFT,
        ),
        Panel(
            "Hosts",
            "One line for each host. The name leads to its dashboard.",
            WORDS,
            (
                Query('max by (instance) (up{job="node"})', "state", words=UP),
                Query("max by (instance) (instance:cpu:ratio)", "CPU", RATIO, BUSY),
                Query("max by (instance) (instance:memory:ratio)", "memory", RATIO, BUSY),
                Query("max by (instance) (instance:disk:ratio)", "fullest disk", RATIO, BUSY),
                Query("avg by (instance) (gpu:utilization:ratio)", "GPUs", RATIO, needs=(GPU,)),
                Query("max by (instance) (instance:power:watts)", "power", WATTS, needs=(GPU,)),
                Query("max by (instance) (firstlight_reboot_required)", "reboot", words=YES),
            ),
            "table", 24, 8, by=("instance",), leads=(("instance", "firstlight-host"),),
        ),
    ),
)  # fmt: skip

FAST_ROW = Row(
    "Is it fast",
    (
        Panel(
            "Models",
            "One line for each public model. The name leads to its dashboard.",
            COUNT,
            (
                Query("max by (model) (model:llm_generation_tokens:rate5m)", "tokens", TOKENS, needs=COUNTS_TOKENS),
                Query("max by (model) (model:llm_requests_running)", "running", needs=COUNTING),
                Query("max by (model) (model:llm_requests_waiting)", "waiting", needs=COUNTING),
                Query("max by (model) (model:llm_ttft_seconds:p95)", "first token p95", SECONDS, needs=(*telling("ttft"), EDGE)),
                Query("max by (model) (model:llm_e2e_seconds:p95)", "whole answer p95", SECONDS, needs=(*telling("e2e"), EDGE)),
                Query("max by (model) (model:edge_errors:ratio5m)", "errors", RATIO, ((0.001, "yellow"), (0.01, "red")), needs=(EDGE,)),
                Query("max by (model) (model:llm_cost_per_million_tokens)", "per million tokens", MONEY, needs=COUNTS_TOKENS),
            ),
            "table", 24, 7, by=("model",), leads=(("model", "firstlight-model"),),
        ),
        Panel(
            "Tokens",
            "Generated tokens per second of all replicas of a model.",
            TOKENS,
            (Query("model:llm_generation_tokens:rate5m", "{{model}}"),),
            needs=COUNTS_TOKENS, stacked=True, least=0,
        ),
        Panel(
            "Time to first token",
            "p95 over 5 minutes, and the objective. Absent while nobody asks.",
            SECONDS,
            (
                Query("model:llm_ttft_seconds:p95", "{{model}}"),
                Query("site:slo_ttft_seconds:p95", "objective"),
            ),
            needs=(*telling("ttft"), EDGE), least=0,
        ),
        Panel(
            "Requests that wait",
            "Requests in the queues of a model's engines. More than a few for minutes: too little capacity.",
            COUNT,
            (Query("model:llm_requests_waiting", "{{model}}"),),
            needs=COUNTING, least=0,
        ),
    ),
)  # fmt: skip

COST_ROW = Row(
    "What does it cost",
    (
        Panel(
            "Cost per hour",
            "Energy at its price and overhead, and hardware written off over its years.",
            MONEY,
            (Query("site:cost:per_hour"),),
            "stat", 4, 7,
        ),
        Panel(
            "Cost of a million tokens",
            "What an hour costs, over the tokens generated in it. Without requests there is none.",
            MONEY,
            (Query("site:llm_cost_per_million_tokens"),),
            "stat", 4, 7, needs=COUNTS_TOKENS,
        ),
        Panel(
            "Cost over time",
            "Energy and hardware, per hour.",
            MONEY,
            (
                Query("site:energy_cost:per_hour", "energy", needs=(GPU,)),
                Query("site:hardware_cost:per_hour", "hardware"),
            ),
            stacked=True, least=0,
        ),
        Panel(
            "Power",
            "Measured power of all hosts that measure it: their own meter, or their GPUs.",
            WATTS,
            (Query("instance:power:watts", "{{instance}}"),),
            needs=(GPU,), stacked=True, least=0,
        ),
    ),
)  # fmt: skip

FLEET = Dashboard(
    "firstlight-fleet",
    "Fleet",
    "Is it up, is it fast, what does it cost.",
    (UP_ROW, FAST_ROW, COST_ROW),
)
