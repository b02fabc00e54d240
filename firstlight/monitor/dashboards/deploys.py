"""Deploys: when each host was set up, by which version, and what came of it."""

from __future__ import annotations

from firstlight.monitor.dashboards.panel import (
    COUNT,
    DONE,
    RATIO,
    REQUESTS,
    SECONDS,
    WORDS,
    Dashboard,
    Panel,
    Query,
    Row,
    Variable,
)
from firstlight.monitor.dashboards.scope import EDGE, GPU, telling

WHERE = 'instance=~"$instance"'

LAST = Row(
    "The last runs",
    (
        Panel(
            "Hosts",
            "The last run on each host: when, whether it got through, with which version and lock.",
            WORDS,
            (
                Query(f"max by (instance, version, lock) (firstlight_deploy_info{{{WHERE}}})", "known"),
                Query(f"1000 * max by (instance) (firstlight_deploy_time_seconds{{{WHERE}}})", "when", "dateTimeAsIso"),
                Query(f"max by (instance) (firstlight_deploy_success{{{WHERE}}})", "result", words=DONE),
            ),
            "table", 14, 8, by=("instance", "version", "lock"), leads=(("instance", "firstlight-host"),),
        ),
        Panel(
            "Versions",
            "Hosts by version and lock. More than one line: some hosts are behind.",
            COUNT,
            (Query(f"count by (version, lock) (firstlight_deploy_info{{{WHERE}}})", "{{version}} {{lock}}"),),
            "stat", 10, 8,
        ),
    ),
)  # fmt: skip

BEFORE_AND_AFTER = Row(
    "Before and after",
    (
        Panel(
            "Time to first token",
            "p95 of each model. The blue marks are the ends of runs.",
            SECONDS,
            (Query("model:llm_ttft_seconds:p95", "{{model}}"),),
            needs=(*telling("ttft"), EDGE), least=0,
        ),
        Panel(
            "Errors",
            "Share of the edge's answers that are 5xx.",
            RATIO,
            (Query("model:edge_errors:ratio5m", "{{model}}"),),
            needs=(EDGE,), least=0,
        ),
        Panel(
            "Requests",
            "Requests per second at the edge.",
            REQUESTS,
            (Query("model:edge_requests:rate5m", "{{model}}"),),
            needs=(EDGE,), stacked=True, least=0,
        ),
    ),
)  # fmt: skip

RUNS = Row(
    "What runs",
    (
        Panel(
            "Images and weights",
            "What every replica is made of.",
            WORDS,
            (Query(f"max by (instance, model, replica, engine, image, weights) (firstlight_model_info{{{WHERE}}})", "known"),),
            "table", 24, 8, by=("instance", "model", "replica", "engine", "image", "weights"), leads=(("model", "firstlight-model"),),
        ),
        Panel(
            "Drivers",
            "NVIDIA's driver: in the kernel, on the disk, and of the programs.",
            WORDS,
            (Query(f"max by (instance, loaded, on_disk, userspace) (firstlight_driver_info{{{WHERE}}})", "known"),),
            "table", 12, 7, needs=(GPU,), by=("instance", "loaded", "on_disk", "userspace"),
        ),
        Panel(
            "Engine restarts",
            "How often replicas were started again by themselves in the last hour.",
            COUNT,
            (Query(f"increase(firstlight_engine_restarts_total{{{WHERE}}}[1h])", "{{instance}} {{replica}}"),),
            width=12, height=7, least=0,
        ),
    ),
)  # fmt: skip

DEPLOYS = Dashboard(
    "firstlight-deploys",
    "Deploys",
    "When hosts were set up, with what, and what changed with it.",
    (LAST, BEFORE_AND_AFTER, RUNS),
    (Variable("instance", "Host", 'up{job="node"}', "instance"),),
    since="now-7d",
)
