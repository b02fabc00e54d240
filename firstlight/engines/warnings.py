"""What an operator should know of a right inventory before it is deployed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from firstlight.catalogue import engines
from firstlight.weights.source import HF

if TYPE_CHECKING:
    from firstlight.settings import HostSettings, Model

ENOUGH_SHM = 8 * 2**30
"""Shared memory that several GPUs of one copy are given, in bytes: vLLM's documentation shows 16
GiB, NCCL takes less."""


def warnings(settings: HostSettings) -> Iterator[str]:
    """Yield one sentence for each thing that works and is not wise."""
    for model in settings.models:
        yield from _legacy(model)
        yield from _exchange(model)
        yield from _media(model)
        yield from _open_network(model)
        yield from _open_token(model)
    yield from _old_driver(settings)


def _legacy(model: Model) -> Iterator[str]:
    row = engines()[model.engine]
    if row.legacy:
        yield f"{model.name} is served by {row.title}: {row.legacy}"


def _exchange(model: Model) -> Iterator[str]:
    several = isinstance(model.gpus, int) and model.gpus > 1
    if isinstance(model.gpus, tuple):
        several = len(model.gpus) > model.replicas
    if several and engines()[model.engine].parallel and int(model.shm) < ENOUGH_SHM:
        yield (
            f"{model.name} runs on several GPUs with {int(model.shm) // 2**20} MiB of shared "
            f"memory, through which they exchange data: shm should be at least 8GiB"
        )


def _media(model: Model) -> Iterator[str]:
    if model.media_domains:
        yield (
            f"{model.name}: media_domains has no effect, an engine's container reaches nothing "
            f"(docs/isolation.md): clients send images in their requests, as data: URLs"
        )


def _open_network(model: Model) -> Iterator[str]:
    if model.nodes > 1:
        by = "Ray (port 6379 and others)" if model.executor == "ray" else "port 29501 and others"
        yield (
            f"{model.name} spans {model.nodes} hosts, which join over {by} without encryption "
            f"or keys, and whoever reaches these ports can run code on them: only the hosts "
            f"themselves may reach each other there"
        )


def _open_token(model: Model) -> Iterator[str]:
    if model.hub_token and model.source.scheme == HF and str(model.hub or "").startswith("http://"):
        yield (
            f"{model.name}: its hub is asked over plain HTTP, where anyone on the way can read "
            f"the token: use https://, or take hub_token away"
        )


def _old_driver(settings: HostSettings) -> Iterator[str]:
    nvidia = settings.nvidia
    branch = int(nvidia.version.split(".")[0]) if nvidia.version else nvidia.branch
    if not nvidia.enabled or branch is None:
        return
    for model in settings.models:
        row = engines()[model.engine]
        if model.gpus != 0 and branch < row.minimum_driver:
            yield (
                f"{model.name}: images of {row.title} are built for driver branch "
                f"{row.minimum_driver} or newer, the host gets {branch}"
            )
