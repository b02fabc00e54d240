"""Model: latency, tokens, queue, KV cache of one model or of all."""

from __future__ import annotations

from firstlight.monitor.dashboards.panel import (
    BUSY,
    COUNT,
    MONEY,
    RATIO,
    REQUESTS,
    SECONDS,
    TOKENS,
    WORDS,
    YES,
    Dashboard,
    Panel,
    Query,
    Row,
    Variable,
    quantiles,
)
from firstlight.monitor.dashboards.scope import COUNTING, EDGE, telling
from firstlight.monitor.dashboards.scope import TOKENS as COUNTS_TOKENS

WHERE = 'model=~"$model"'
REPLICAS = 'model=~"$model", instance=~"$instance"'
REPLICA = "{{instance}} {{replica}}"

USERS = Row(
    "As users see it",
    (
        Panel(
            "Time to first token",
            "From the request to its first token. Where the engine keeps no histogram: at the edge.",
            SECONDS,
            (*quantiles("model:llm_ttft_seconds", WHERE, "{{model}}"), Query("site:slo_ttft_seconds:p95", "objective of p95")),
            needs=(*telling("ttft"), EDGE), least=0,
        ),
        Panel(
            "Time between tokens",
            "Between two tokens of one answer. High with many requests at once, or long prompts.",
            SECONDS,
            (*quantiles("model:llm_inter_token_seconds", WHERE, "{{model}}"), Query("site:slo_inter_token_seconds:p95", "objective of p95")),
            needs=telling("inter_token"), least=0,
        ),
        Panel(
            "Whole answers",
            "From the request to the last token.",
            SECONDS,
            quantiles("model:llm_e2e_seconds", WHERE, "{{model}}"),
            needs=(*telling("e2e"), EDGE), least=0,
        ),
        Panel(
            "Requests",
            "Requests per second at the edge.",
            REQUESTS,
            (Query(f"model:edge_requests:rate5m{{{WHERE}}}", "{{model}}"),),
            needs=(EDGE,), least=0, stacked=True,
        ),
        Panel(
            "Errors and timeouts",
            "Share of the edge's answers that are 5xx, and of 504 alone.",
            RATIO,
            (
                Query(f"model:edge_errors:ratio5m{{{WHERE}}}", "{{model}} errors"),
                Query(f"model:edge_timeouts:ratio5m{{{WHERE}}}", "{{model}} timeouts"),
                Query("site:slo_errors:ratio", "objective"),
            ),
            needs=(EDGE,), least=0,
        ),
        Panel(
            "Held back",
            "Requests per second that were refused because a key's limit was reached (429).",
            REQUESTS,
            (Query(f"model:edge_limited:rate5m{{{WHERE}}}", "{{model}}"),),
            needs=(EDGE,), least=0,
        ),
    ),
)  # fmt: skip

WORK = Row(
    "Tokens",
    (
        Panel(
            "Generated tokens",
            "Tokens per second of each replica.",
            TOKENS,
            (Query(f"replica:llm_generation_tokens:rate5m{{{REPLICAS}}}", REPLICA),),
            needs=COUNTS_TOKENS, stacked=True, least=0,
        ),
        Panel(
            "Prompt tokens",
            "Tokens per second of prompts, those from a cache among them.",
            TOKENS,
            (Query(f"replica:llm_prompt_tokens:rate5m{{{REPLICAS}}}", REPLICA),),
            needs=COUNTS_TOKENS, stacked=True, least=0,
        ),
        Panel(
            "Tokens of one request",
            "Tokens per second that a single answer gets. Below about 10 reading gets tiresome.",
            TOKENS,
            (Query(f"replica:llm_request_tokens_per_second{{{REPLICAS}}}", REPLICA),),
            needs=telling("request_tokens"), least=0,
        ),
    ),
    needs=COUNTS_TOKENS,
)  # fmt: skip

QUEUE = Row(
    "Queue and cache",
    (
        Panel(
            "Running and waiting",
            "Requests in the batch, and in the queue before it.",
            COUNT,
            (
                Query(f"replica:llm_requests_running{{{REPLICAS}}}", f"{REPLICA} running"),
                Query(f"replica:llm_requests_waiting{{{REPLICAS}}}", f"{REPLICA} waiting"),
            ),
            least=0,
        ),
        Panel(
            "Batch",
            "Requests in the batch, as a share of the most that it takes.",
            RATIO,
            (Query(f"replica:llm_batch_utilization:ratio{{{REPLICAS}}}", REPLICA),),
            least=0, most=1,
        ),
        Panel(
            "KV cache",
            "Used share. Near 1 with a queue: requests wait for memory, not for the GPU.",
            RATIO,
            (Query(f"replica:llm_kv_cache_usage:ratio{{{REPLICAS}}}", REPLICA),),
            needs=telling("kv_cache_usage"), steps=BUSY, least=0, most=1,
        ),
        Panel(
            "Prefix cache",
            "Share of prompt tokens that did not have to be computed.",
            RATIO,
            (Query(f"replica:llm_prefix_cache_hit:ratio5m{{{REPLICAS}}}", REPLICA),),
            needs=telling("prefix_cache_hit"), least=0, most=1,
        ),
        Panel(
            "Preemptions",
            "Requests per second that lost their place in the KV cache and begin anew.",
            REQUESTS,
            (Query(f"replica:llm_preemptions:rate5m{{{REPLICAS}}}", REPLICA),),
            needs=telling("preemptions"), least=0,
        ),
        Panel(
            "Engine restarts",
            "How often each replica was started again by itself, since the host's boot.",
            COUNT,
            (Query('firstlight_engine_restarts_total{instance=~"$instance"}', REPLICA),),
            least=0,
        ),
    ),
    needs=COUNTING,
)  # fmt: skip

MADE = Row(
    "What serves",
    (
        Panel(
            "Replicas",
            "What every replica runs, and whether it is drained.",
            WORDS,
            (
                Query(f"max by (model, replica, instance, engine, image) (firstlight_model_info{{{REPLICAS}}})", "known"),
                Query(f"max by (model, replica, instance) (firstlight_model_context_tokens{{{REPLICAS}}})", "context", COUNT),
                Query(f"max by (model, replica, instance) (firstlight_model_concurrency{{{REPLICAS}}})", "requests at once", COUNT),
                Query(f"max by (model, replica, instance) (firstlight_model_out_of_service{{{REPLICAS}}})", "drained", words=YES),
            ),
            "table", 18, 8, by=("model", "replica", "instance", "engine", "image"), leads=(("instance", "firstlight-host"),),
        ),
        Panel(
            "Cost of a million tokens",
            "The model's share of its hosts' cost, over the tokens that it generated.",
            MONEY,
            (Query(f"model:llm_cost_per_million_tokens{{{WHERE}}}", "{{model}}"),),
            width=6, height=8, needs=COUNTS_TOKENS, least=0,
        ),
    ),
)  # fmt: skip

MODEL = Dashboard(
    "firstlight-model",
    "Model",
    "How fast a model is, how much it does, and what it waits for.",
    (USERS, WORK, QUEUE, MADE),
    (
        Variable("model", "Model", "firstlight_model_info", "model"),
        Variable("instance", "Host", "firstlight_model_info", "instance"),
    ),
)
