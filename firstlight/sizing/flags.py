"""The settings of firstlight's inventory that a fit leads to."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from firstlight.sizing.fit import Fit

from firstlight.sizing.plan import DEFAULT_UTILIZATION


def suggested(found: Fit) -> dict[str, object]:
    """Keys of one entry of ``models`` for ``found``, without the pins that are yours to choose.

    What is firstlight's or the engine's default is left out.
    """
    subject, plan, machine = found.subject, found.plan, found.machine
    settings: dict[str, object] = {"name": subject.row or subject.name.split("/")[-1].lower()}
    if not subject.row and subject.repo:
        settings |= {"repo": subject.repo, "engine": "vllm"}
    settings |= {"context": plan.context, "concurrency": plan.concurrency}
    settings["gpus"] = -(-plan.cards // machine.nodes)
    if machine.nodes > 1:
        settings["nodes"] = machine.nodes
    if plan.cards > 1:
        settings |= {"tensor_parallel": plan.tensor, "shm": "16GiB"}
    if plan.pipeline > 1:
        settings["pipeline_parallel"] = plan.pipeline
    if plan.data > 1:
        settings["data_parallel"] = plan.data
    if subject.online:
        settings["quantization"] = subject.online
    if plan.kv_cache_dtype != "auto":
        settings["kv_cache_dtype"] = plan.kv_cache_dtype
    if plan.utilization != DEFAULT_UTILIZATION:
        settings["gpu_memory_utilization"] = plan.utilization
    return settings
