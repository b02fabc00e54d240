"""A quiet, busy hour: every page of every exporter, served traffic, and nobody is called."""

from __future__ import annotations

from pathlib import Path

from tests.monitor.exposition import Sample, page
from tests.monitor.promtool import METRIC, judged

MINUTES = 60
WATCHDOG = 'ALERTS{alertname="Watchdog",alertstate="firing",severity="info"}'
ENGINE = {"job": "engine", "gpu_class": "geforce"}
TARGETS: dict[str, list[dict[str, str]]] = {
    "vllm": [ENGINE | {"instance": "gpu1", "model": "tiny", "replica": "tiny", "engine": "vllm"}],
    "sglang": [ENGINE | {"instance": "gpu2", "model": "b", "replica": "b", "engine": "sglang"}],
    "llamacpp": [ENGINE | {"instance": "gpu3", "model": "c", "replica": "c", "engine": "llamacpp"}],
    "tgi": [ENGINE | {"instance": "gpu4", "model": "d", "replica": "d", "engine": "tgi"}],
    "triton": [ENGINE | {"instance": "gpu5", "model": "e", "replica": "e", "engine": "triton"}],
    "dcgm-geforce": [{"job": "gpu", "instance": "gpu1", "gpu_class": "geforce"}],
    "dcgm-datacenter": [{"job": "gpu", "instance": "gpu2", "gpu_class": "datacenter"}],
    "edge": [{"job": "edge", "instance": "front1"}],
    "node": [{"job": "node", "instance": each} for each in ("gpu1", "front1")],
    "facts": [{"job": "node", "instance": each} for each in ("gpu1", "front1")],
    "power": [{"job": "node", "instance": "gpu1"}],
    "ollama": [{"job": "node", "instance": "gpu1"}],
    "blackbox": [{"job": "public", "instance": "front1", "model": "tiny"}],
    "blackbox-tls": [{"job": "public", "instance": "front1", "model": "tiny"}],
    "prometheus": [{"job": "prometheus", "instance": "watch1"}],
    "alertmanager": [{"job": "alertmanager", "instance": "watch1"}],
}
MOVING = {
    "firstlight_facts_time_seconds": "0+60x{}",
    "firstlight_backup_success_time_seconds": "0x{}",
    "prometheus_remote_storage_highest_timestamp_in_seconds": "0+60x{}",
    "prometheus_remote_storage_queue_highest_sent_timestamp_seconds": "0+60x{}",
    "node_cpu_seconds_total": "0+5x{}",
}
"""Times begin at 0 here; what is a time has to go by it."""


def values(sample: Sample) -> str:
    """An hour of a sample: counters do in a minute what they did until the page was recorded."""
    if sample.name in MOVING:
        return MOVING[sample.name].format(MINUTES)
    value = float(sample.value)
    return f"{value!r}+{value!r}x{MINUTES}" if sample.counts else f"{value!r}x{MINUTES}"


def inputs(wanted: set[str]) -> list[dict[str, str]]:
    found = [
        {"series": sample.seen(**target), "values": values(sample)}
        for name, targets in TARGETS.items()
        for target in targets
        for sample in page(name)
        if sample.name in wanted and sample.value not in ("NaN", "+Inf")
    ]
    ups = {tuple(target.items()) for targets in TARGETS.values() for target in targets}
    for up in sorted(ups):
        inside = ",".join(f'{key}="{value}"' for key, value in up)
        found.append({"series": f"up{{{inside}}}", "values": f"1x{MINUTES}"})
    return found


def test_a_quiet_hour_calls_nobody(texts: dict[str, str], folder: Path) -> None:
    end = f"{MINUTES}m"
    # Pending alerts are in it, too: what would fire later is not quiet.
    called = 'count by (alertname) (count_over_time(ALERTS{alertname!="Watchdog"}[1h]))'
    judged(
        folder,
        (
            texts,
            [
                {
                    "interval": "1m",
                    "input_series": inputs(set(METRIC.findall("".join(texts.values())))),
                    "promql_expr_test": [
                        {"expr": called, "eval_time": end, "exp_samples": []},
                        {
                            "expr": "count(model:llm_inter_token_seconds:p95)",
                            "eval_time": end,
                            "exp_samples": [{"labels": "{}", "value": 3}],
                        },
                        {
                            "expr": 'ALERTS{alertname="Watchdog"}',
                            "eval_time": end,
                            "exp_samples": [{"labels": WATCHDOG, "value": 1}],
                        },
                    ],
                }
            ],
        ),
    )
