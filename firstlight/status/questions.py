"""What a monitor is asked for a status: recording rules and facts by name, nothing computed twice."""

from __future__ import annotations

from firstlight.monitor.query import Ask, now

REPLICA = {
    "running": "llm_requests_running",
    "waiting": "llm_requests_waiting",
    "kv_cache": "llm_kv_cache_usage:ratio",
    "tokens_per_second": "llm_generation_tokens:rate5m",
    "ttft_p95": "llm_ttft_seconds:p95",
}
"""Fields of a replica and of a model, and the rules of both levels that they come from."""
MODEL = {
    **REPLICA,
    "requests_per_second": "llm_requests:rate5m",
    "errors": "edge_errors:ratio5m",
    "limited_per_second": "edge_limited:rate5m",
    "cost_per_million": "llm_cost_per_million_tokens",
}
GPU = {
    "utilization": "gpu:utilization:ratio",
    "memory_used": "gpu:memory_used:bytes",
    "memory_total": "gpu:memory_total:bytes",
    "temperature": "gpu:temperature:celsius",
    "power": "gpu:power:watts",
    "throttled": "gpu:throttled:ratio5m",
}
HOST = {
    "cpu": "instance:cpu:ratio",
    "memory": "instance:memory:ratio",
    "disk": "max by (instance) (instance:disk:ratio)",
    "power": "instance:power:watts",
    "gpus_expected": "firstlight_gpu_expected",
    "gpus_usable": "firstlight_gpu_usable",
    "driver_mismatch": "firstlight_driver_mismatch",
    "reboot_required": "firstlight_reboot_required",
    "deploy_time": "firstlight_deploy_time_seconds",
    "deploy_success": "firstlight_deploy_success",
    "deploy_running": "firstlight_deploy_running",
    "certificate": "min by (instance) (firstlight_certificate_not_after_seconds)",
    "facts_time": "firstlight_facts_time_seconds",
}
SITE = {
    "tokens_per_second": "site:llm_generation_tokens:rate5m",
    "power": "site:power:watts",
    "cost_per_hour": "site:cost:per_hour",
    "cost_per_million": "site:llm_cost_per_million_tokens",
}
WHOLE = {
    "up": "up",
    # When each target was last asked, whether or not it answered.
    "asked": "max by (instance) (timestamp(up))",
    "driver_info": "firstlight_driver_info",
    "deploy_info": "firstlight_deploy_info",
    "model_info": "firstlight_model_info",
    "drained": "firstlight_model_out_of_service",
    "public": 'probe_success{job="public"}',
    # Of engines that have no metrics of their own, such as Ollama.
    "units": 'firstlight_unit_active{unit=~"firstlight-engine-.+[.]service"}',
}


def questions() -> dict[str, Ask]:
    """Return everything that one look asks, by the name under which its answer is found."""
    asked = {f"whole.{name}": now(rule) for name, rule in WHOLE.items()}
    levels = {"host": HOST, "gpu": GPU, "site": SITE}
    for level, rules in levels.items():
        asked |= {f"{level}.{name}": now(rule) for name, rule in rules.items()}
    asked |= {f"replica.{name}": now(f"replica:{rule}") for name, rule in REPLICA.items()}
    asked |= {f"model.{name}": now(f"model:{rule}") for name, rule in MODEL.items()}
    # llama.cpp, Ollama and Triton measure no first token: the edge does for all engines.
    asked["model.edge_ttft_p95"] = now("model:edge_ttft_seconds:p95")
    asked["alerts"] = Ask("/api/v1/alerts")
    asked["version"] = Ask("/api/v1/status/buildinfo")
    asked["notified"] = Ask("/api/v2/alerts?active=true&silenced=true", end="alertmanager")
    asked["silences"] = Ask("/api/v2/silences", end="alertmanager")
    return asked
