"""vLLM: safetensors checkpoints, continuous batching, the engine for a rack.

Arguments go through a YAML file: the process list shows one short line and no key. A SIGTERM
without ``shutdown-timeout`` leaves open streams hanging (seen on 0.32), so it is always set;
a crashed engine exits 0 (seen), so its unit restarts always.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import yaml

from firstlight.engines import vllm_nodes
from firstlight.engines.cache import cache_volume
from firstlight.engines.engine import Busy, Container, Engine
from firstlight.engines.media import allowed_domains
from firstlight.secret import Secret, revealed

if TYPE_CHECKING:
    from firstlight.engines.instance import Instance
    from firstlight.settings import Model

PORT = 8000
# The image's own unprivileged user: an arbitrary uid has no passwd entry, and torch's import
# asks for one. Group 0 may write its caches.
VLLM_USER = "2000:0"
HOME = "/home/vllm"
CONFIG_PATH = "/etc/firstlight/vllm.yaml"
QUIET = "/health,/metrics,/v1/models"
MOST_CHOICES = 64
"""Most answers that one request may ask for (``n``): each takes a place."""
RANKS = (1, 8, 16, 32, 64, 128, 256, 320, 512)
"""Ranks that ``max-lora-rank`` may have."""
LORAS_AT_ONCE = 8
"""Most adapters in one batch: each takes GPU memory. Further ones wait in the host's memory."""


def arguments(instance: Instance) -> dict[str, Any]:
    """Return vLLM's arguments for ``instance`` by their long names."""
    model = instance.model
    return {
        "model": instance.weights,
        "served-model-name": [model.public],
        "host": "0.0.0.0" if instance.node is None else "127.0.0.1",
        "port": PORT if instance.node is None else instance.port,
        "max-model-len": model.context,
        # It counts for each data-parallel rank; the queue's limit counts for all together.
        "max-num-seqs": -(-model.concurrency // instance.data),
        "max-num-queued-reqs": model.concurrency + model.waiting,
        "shutdown-timeout": model.drain_timeout,
        "disable-fastapi-docs": True,
        "disable-access-log-for-endpoints": QUIET,
        "allowed-media-domains": allowed_domains(model),
        # Prompts of different clients share the cache: a weak hash could mix them up.
        "prefix-caching-hash-algo": "sha256",
        **_memory(model),
        **_spread(instance),
        **_adapters(instance),
        **_speculation(instance),
        **_parsers(model),
        **model.args,
    }


def _memory(model: Model) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if model.gpu_memory_utilization is not None:
        found["gpu-memory-utilization"] = model.gpu_memory_utilization
    if model.quantization:
        found["quantization"] = model.quantization
    if model.kv_cache_dtype != "auto":
        found["kv-cache-dtype"] = model.kv_cache_dtype
    return found


def _spread(instance: Instance) -> dict[str, Any]:
    sizes = {"tensor": instance.tensor, "pipeline": instance.pipeline, "data": instance.data}
    found: dict[str, Any] = {
        f"{name}-parallel-size": size for name, size in sizes.items() if size > 1
    }
    if instance.model.expert_parallel:
        found["enable-expert-parallel"] = True
    return found | vllm_nodes.arguments(instance)


def _adapters(instance: Instance) -> dict[str, Any]:
    loras = instance.model.lora
    if not loras:
        return {}
    wanted = max(lora.rank for lora in loras)
    return {
        "enable-lora": True,
        "lora-modules": [f"{lora.name}={instance.adapter(lora)}" for lora in loras],
        "max-lora-rank": next(rank for rank in RANKS if rank >= wanted),
        "max-loras": min(len(loras), LORAS_AT_ONCE),
        "max-cpu-loras": len(loras),
    }


def _speculation(instance: Instance) -> dict[str, Any]:
    spec = instance.model.speculative
    if spec is None:
        return {}
    found = {"method": spec.method, "num_speculative_tokens": spec.tokens}
    return {"speculative-config": found | ({"model": instance.draft} if spec.draft else {})}


def _parsers(model: Model) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if model.tool_parser:
        found |= {"enable-auto-tool-choice": True, "tool-call-parser": model.tool_parser}
    if model.reasoning_parser:
        found["reasoning-parser"] = model.reasoning_parser
    return found


def environment(instance: Instance) -> dict[str, str]:
    """Return vLLM's environment: nothing leaves the host, and no switch that clients could use.

    ``VLLM_ALLOW_RUNTIME_LORA_UPDATING`` and ``VLLM_SERVER_DEV_MODE`` are left unset: they open
    paths that change what is served.
    """
    return {
        "HOME": HOME,
        "HF_HUB_OFFLINE": "1",
        "VLLM_NO_USAGE_STATS": "1",
        "DO_NOT_TRACK": "1",
        # Longer than nginx keeps its upstream connections, or a reused one races a close.
        "VLLM_HTTP_TIMEOUT_KEEP_ALIVE": "75",
        # An allowed domain could send the engine on to a host that is not.
        "VLLM_MEDIA_URL_ALLOW_REDIRECTS": "0",
        "VLLM_MAX_N_SEQUENCES": str(MOST_CHOICES),
        # Its own limit (600 s) is too short for large weights; the unit's is the one that counts.
        "VLLM_ENGINE_READY_TIMEOUT_S": str(instance.model.start_timeout),
        **vllm_nodes.environment(instance),
    }


def container(instance: Instance) -> Container:
    """Describe ``vllm serve`` for ``instance``."""
    many = instance.cards > 1 or instance.node is not None
    entrypoint, command = vllm_nodes.started(instance, ("--config", CONFIG_PATH))
    return Container(
        command=command,
        entrypoint=entrypoint,
        port=PORT if instance.node is None else instance.port,
        user=VLLM_USER,
        network="bridge" if instance.node is None else "host",
        environment=environment(instance),
        # Triton and Inductor load compiled libraries from the cache: it must be executable.
        tmpfs=("/tmp:rw,nosuid,nodev,size=1g",),
        volumes=(f"{cache_volume(instance.model)}:{HOME}/.cache",),
        # NCCL pins the memory that GPUs exchange data through.
        ulimits=("memlock=-1", "stack=67108864") if many else (),
        config=yaml.safe_dump(arguments(instance), sort_keys=True),
        config_path=CONFIG_PATH,
    )


def keyed(container: Container, secrets: Sequence[Secret]) -> Container:
    """Have ``/v1`` ask for one of ``secrets``; health and metrics never do.

    Neither ``--api-key`` nor ``VLLM_API_KEY`` would do: a command line is in the process list,
    an environment in what ``docker inspect`` shows.
    """
    lines = yaml.safe_dump({"api-key": [secret.reveal() for secret in secrets]})
    return replace(container, config=Secret(revealed(container.config or "") + lines))


ENGINE = Engine(
    name="vllm",
    health="/health",
    paths=(
        "/v1/chat/completions",
        "/v1/completions",
        "/v1/embeddings",
        "/v1/responses",
        "/v1/messages",
        "/v1/messages/count_tokens",
    ),
    container=container,
    busy=Busy("/metrics", ("vllm:num_requests_running", "vllm:num_requests_waiting")),
    keyed=keyed,
)
