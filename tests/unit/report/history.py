"""Six hours of a site, as a real Prometheus would have kept them; SIMULATED: nothing of it ran."""

from __future__ import annotations

import math
import subprocess
from collections.abc import Callable
from pathlib import Path

from tests.unit.status.site import GIB, HOSTILE, label

HOURS, EVERY = 6, 60
MODELS = ("tiny", HOSTILE)
KEYS = ("alice", HOSTILE)
HOSTS = ("gpu1", "gpu2")
Values = Callable[[float], float]


def wave(level: float, swing: float) -> Values:
    return lambda age: level + swing * math.sin(age / 1800)


def steady(level: float) -> Values:
    return lambda age: level


class Kept:
    """Series by name and labels; each is asked by its age in seconds since the beginning."""

    def __init__(self) -> None:
        self.series: dict[str, Values] = {}
        for part in (models, keys, hosts, gpus, deploys, site, alerts):
            part(self)

    def add(self, name: str, values: Values, /, **labels: str) -> None:
        inside = ",".join(f'{key}="{label(text)}"' for key, text in labels.items())
        self.series[f"{name}{{{inside}}}"] = values


def during(start: float, end: float, inside: float = 1, outside: float = math.nan) -> Values:
    return lambda age: inside if start <= age < end else outside


def models(kept: Kept) -> None:
    for model in MODELS:
        away = during(7200, 7800, 0, 1)
        kept.add("probe_success", away, job="public", model=model, instance="edge1")
        kept.add("up", steady(1), job="engine", instance="gpu1", model=model, replica=f"{model}.1")
        for quantile, level in (("p50", 0.3), ("p95", 1.5), ("p99", 3.0)):
            kept.add(f"model:llm_ttft_seconds:{quantile}", wave(level, 0.2), model=model)
        kept.add("model:llm_generation_tokens:rate5m", steady(100), model=model)
        kept.add("model:llm_prompt_tokens:rate5m", steady(500), model=model)
        kept.add("model:llm_requests:rate5m", steady(2), model=model)
        kept.add("model:llm_requests_waiting", during(3600, 3720, 40, 0), model=model)
        kept.add("model:edge_errors:ratio5m", wave(0.005, 0.005), model=model)
        kept.add("model:llm_cost_per_million_tokens", steady(1.5), model=model)


def keys(kept: Kept) -> None:
    for key in KEYS:
        kept.add("key:edge_requests:rate5m", steady(1.5), key=key)
        of = {"key": key, "model": "tiny"}
        kept.add("firstlight_edge_requests_total", lambda age: 1.5 * age, code="200", **of)
        kept.add("firstlight_edge_sent_bytes_total", lambda age: 1000 * age, **of)


def hosts(kept: Kept) -> None:
    for host in HOSTS:
        kept.add("up", steady(1), job="node", instance=host)
        kept.add("instance:cpu:ratio", wave(0.4, 0.2), instance=host)


def gpus(kept: Kept) -> None:
    for host, gpu in ((host, gpu) for host in HOSTS for gpu in ("0", "1")):
        of = {"instance": host, "gpu": gpu, "modelName": "NVIDIA H200", "UUID": f"{host}{gpu}"}
        kept.add("gpu:power:watts", wave(400, 100), **of)
        kept.add("gpu:temperature:celsius", wave(60, 8), **of)
        kept.add("gpu:utilization:ratio", wave(0.5, 0.4), **of)
        kept.add("gpu:memory_used:bytes", steady(100 * GIB), **of)


RUNS = ((7000, -3600.0), (10000, 7000.0), (math.inf, 9990.0))
RESULTS = ((7000, 1.0), (10000, math.nan), (math.inf, 0.0))
"""Values until an age: a run from 7000 s to 9990 s fails. Until it ends, its time is its beginning."""


def until(values: tuple[tuple[float, float], ...]) -> Values:
    return lambda age: next(value for end, value in values if age < end)


def deploys(kept: Kept) -> None:
    for host in HOSTS:
        kept.add("firstlight_deploy_time_seconds", until(RUNS), instance=host)
        kept.add("firstlight_deploy_running", during(7000, 10000, 1, 0), instance=host)
        kept.add("firstlight_deploy_success", until(RESULTS), instance=host)
    info, late = "firstlight_deploy_info", {"version": "0.7.0", "operation": "Edge | reload"}
    kept.add(info, during(0, 10000), instance="gpu1", version="0.6.0")
    kept.add(info, during(10000, math.inf), instance="gpu1", **late)


def site(kept: Kept) -> None:
    kept.add("site:power:watts", steady(2000))
    kept.add("site:cost:per_hour", steady(3))
    kept.add("site:energy_cost:per_hour", steady(0.6))
    kept.add("site:hardware_cost:per_hour", steady(2.4))
    kept.add("site:llm_generation_tokens:rate5m", steady(200))


def alerts(kept: Kept) -> None:
    firing = {"alertstate": "firing", "severity": "critical", "instance": "gpu2"}
    kept.add("ALERTS", during(5400, 7201), alertname="GpuMissing", **firing)
    kept.add("ALERTS", during(20000, math.inf), alertname="HostDown", **firing)
    kept.add("ALERTS", steady(1), alertname="Watchdog", **firing)


def openmetrics(start: float) -> str:
    """Everything as OpenMetrics, from ``start`` on; a moment without a value is left out."""
    lines = []
    for name, values in sorted(Kept().series.items()):
        moving = name.startswith("firstlight_deploy_time_seconds")
        for age in range(0, HOURS * 3600 + 1, EVERY):
            value = values(age) + (start if moving else 0)
            if not math.isnan(value):
                lines.append(f"{name} {value!r} {start + age:.0f}")
    return "\n".join(lines) + "\n# EOF\n"


def write(folder: Path, start: float) -> None:
    """Make the blocks of Prometheus in ``folder``/data."""
    path = folder / "history.om"
    path.write_text(openmetrics(start))
    command = ["promtool", "tsdb", "create-blocks-from", "openmetrics", path, folder / "data"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
