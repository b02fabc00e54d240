"""A site of three hosts as its monitor measures it; SIMULATED: nothing of it runs."""

from __future__ import annotations

import time
from typing import Any

from firstlight.monitor.seen_site import SeenHost

HOSTILE = "bad[red]\x1b[31m<script>alert(1)</script>\u202e"
"""A name as nobody should give it: markup of rich, of HTML, ANSI, and a direction override."""
GIB = 1024**3


def seen(name: str, **given: Any) -> SeenHost:
    """A host of the inventory that ``mon1`` watches."""
    plain: dict[str, Any] = {
        "groups": ("all",),
        "monitors": ("mon1",),
        "models": (),
        "site": "lab",
        "interval": 15.0,
        "agent": False,
        "watched": True,
        "currency": "EUR",
        "slo": {"ttft_p95": 2.0, "errors": 0.01},
    }
    return SeenHost(name=name, **{**plain, **given})


HOSTS = (
    seen("gpu1", groups=("gpu",)),
    seen("gpu2", groups=("gpu",)),
    seen("mon1", groups=("monitor",)),
)


def label(name: str) -> str:
    """A label's value as an exposition writes it."""
    return name.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def line(name: str, value: float, /, **labels: str) -> str:
    inside = ",".join(f'{key}="{label(text)}"' for key, text in labels.items())
    return f"{name}{{{inside}}} {value!r}"


def host(name: str) -> list[str]:
    now = time.time()
    values = {
        "instance:cpu:ratio": 0.25,
        "instance:memory:ratio": 0.5,
        "instance:power:watts": 410.0,
        "firstlight_gpu_expected": 2.0,
        "firstlight_gpu_usable": 1.0 if name == "gpu2" else 2.0,
        "firstlight_driver_mismatch": 1.0 if name == "gpu2" else 0.0,
        "firstlight_reboot_required": 0.0,
        "firstlight_deploy_time_seconds": now - 7200,
        "firstlight_deploy_success": 0.0 if name == "gpu2" else 1.0,
        "firstlight_facts_time_seconds": now - 4,
    }
    lines = [line(key, value, instance=name) for key, value in values.items()]
    lines += [
        line("instance:disk:ratio", 0.4, instance=name, mountpoint="/"),
        line("instance:disk:ratio", 0.7, instance=name, mountpoint="/srv"),
        line("firstlight_certificate_not_after_seconds", now + 40 * 86400, instance=name, name="a"),
        line("firstlight_certificate_not_after_seconds", now + 5 * 86400, instance=name, name="b"),
        line("firstlight_driver_info", 1, instance=name, loaded="580.82.09", on_disk="580.82.09"),
        line("firstlight_deploy_info", 1, instance=name, version="0.7.0", lock="abc123"),
    ]
    for gpu in ("0", "1"):
        labels = {"instance": name, "gpu": gpu, "UUID": f"GPU-{name}-{gpu}"}
        labels["modelName"] = "NVIDIA H200" if name == "gpu1" else HOSTILE
        lines += [
            line("gpu:utilization:ratio", 0.93, **labels),
            line("gpu:memory_used:bytes", 120.0 * GIB, **labels),
            line("gpu:memory_total:bytes", 141.0 * GIB, **labels),
            line("gpu:temperature:celsius", 61, **labels),
            line("gpu:power:watts", 512, **labels),
        ]
    return lines


def replica(name: str, model: str, host: str, engine: str) -> list[str]:
    labels = {"instance": host, "model": model, "replica": name}
    image = f"registry.example.net/{engine}:v0.33.0@sha256:{'0' * 64}"
    lines = [
        line("firstlight_model_info", 1, engine=engine, image=image, **labels),
        line("firstlight_model_out_of_service", 1 if name == "tiny.2" else 0, **labels),
        line("replica:llm_requests_running", 3, engine=engine, **labels),
        line("replica:llm_requests_waiting", 1, engine=engine, **labels),
        line("replica:llm_generation_tokens:rate5m", 123.4, engine=engine, **labels),
    ]
    if engine == "vllm":
        lines.append(line("replica:llm_kv_cache_usage:ratio", 0.42, engine=engine, **labels))
        lines.append(line("replica:llm_ttft_seconds:p95", 0.345, engine=engine, **labels))
    return lines


def page() -> str:
    """What the site's recording rules and facts would be."""
    lines = [*host("gpu1"), *host("gpu2")]
    lines += replica("tiny.1", "tiny", "gpu1", "vllm")
    lines += replica("tiny.2", "tiny", "gpu2", "vllm")
    lines += replica("odd.1", HOSTILE, "gpu2", "llamacpp")
    lines += replica("old.1", "old", "gpu1", "ollama")  # it has no metrics: no target is there
    unit = "firstlight-engine-old.1.service"
    lines.append(line("firstlight_unit_active", 1, instance="gpu1", unit=unit))
    for model in ("tiny", HOSTILE):
        lines += [
            line("model:llm_requests_running", 6, model=model),
            line("model:llm_generation_tokens:rate5m", 246.8, model=model),
            line("model:edge_errors:ratio5m", 0.013, model=model),
            line("model:edge_ttft_seconds:p95", 1.25, model=model),
            line("model:llm_cost_per_million_tokens", 1.875, model=model),
        ]
    lines.append(line("model:llm_ttft_seconds:p95", 0.345, model="tiny"))
    lines.append(line("model:llm_kv_cache_usage:ratio", 0.42, model="tiny"))
    for name, value in {
        "site:llm_generation_tokens:rate5m": 493.6,
        "site:power:watts": 2222,
        "site:cost:per_hour": 3.33,
        "site:llm_cost_per_million_tokens": 1.9,
    }.items():
        lines.append(line(name, value))
    return "\n".join(lines) + "\n"
