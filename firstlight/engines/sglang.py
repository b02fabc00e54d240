"""SGLang: safetensors checkpoints, strong where many requests begin alike.

Metrics are off and the address is loopback by default, so both are said. Its administrative
paths (weights, adapters, caches) have no key: it would write one into its log at every start
(0.5.23), so it gets none. The edge lets no client reach them. It drains by itself after SIGTERM, and
its ``/ready`` then answers 503.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from firstlight.engines.cache import cache_volume
from firstlight.engines.engine import Busy, Container, Engine
from firstlight.engines.flags import as_flags
from firstlight.engines.instance import MASTER_PORT
from firstlight.engines.media import allowed_domains

if TYPE_CHECKING:
    from firstlight.engines.instance import Instance
    from firstlight.settings import Model

PORT = 30000
NOBODY = "65534:65534"
# The image has no home that an unprivileged user may write. A new volume takes the mode of the
# folder it covers, and everybody may write this one.
HOME = "/var/tmp"
LORAS_AT_ONCE = 8
"""Most adapters in one batch, and the model without one counts: each takes GPU memory."""
QUIET = ("/ready", "/health", "/metrics", "/v1/models")
CHAINED = ("EAGLE", "EAGLE3", "NEXTN", "STANDALONE")
"""Methods that draft step by step, and verify the drafted tokens and one more."""


def command(instance: Instance) -> list[str]:
    """Return the words that start the server of ``instance``."""
    model = instance.model
    alone = instance.node is None
    return [
        "python3", "-m", "sglang.launch_server",
        "--model-path", instance.weights,
        "--served-model-name", model.public,
        "--host", "0.0.0.0" if alone else "127.0.0.1",
        "--port", str(PORT if alone else instance.port),
        "--context-length", str(model.context),
        "--max-running-requests", str(model.concurrency),
        "--max-queued-requests", str(model.waiting),
        "--enable-metrics",
        "--allowed-media-domains", *allowed_domains(model),
        "--uvicorn-access-log-exclude-prefixes", *QUIET,
        *_memory(model),
        *_spread(instance),
        *_adapters(instance),
        *_speculation(instance),
        *_parsers(model),
        *as_flags(model.args),
    ]  # fmt: skip


def _memory(model: Model) -> list[str]:
    words: list[str] = []
    if model.gpu_memory_utilization is not None:
        words += ["--mem-fraction-static", str(model.gpu_memory_utilization)]
    if model.quantization:
        words += ["--quantization", model.quantization]
    if model.kv_cache_dtype == "fp8":
        words += ["--kv-cache-dtype", "fp8_e4m3"]
    return words


def _spread(instance: Instance) -> list[str]:
    sizes = {"tp": instance.tensor, "pp": instance.pipeline, "dp": instance.data}
    words = [word for name, n in sizes.items() if n > 1 for word in (f"--{name}-size", str(n))]
    if instance.model.expert_parallel:
        words += ["--ep-size", str(instance.tensor)]
    if (node := instance.node) is not None:
        words += ["--nnodes", str(node.count), "--node-rank", str(node.rank)]
        words += ["--dist-init-addr", f"{node.head}:{MASTER_PORT}"]
    return words


def _adapters(instance: Instance) -> list[str]:
    """Adapters; clients ask for one as ``MODEL:ADAPTER``."""
    loras = instance.model.lora
    if not loras:
        return []
    named = [f"{lora.name}={instance.adapter(lora)}" for lora in loras]
    return [
        "--enable-lora",
        "--lora-paths", *named,
        "--max-lora-rank", str(max(lora.rank for lora in loras)),
        "--max-loras-per-batch", str(min(len(loras) + 1, LORAS_AT_ONCE)),
    ]  # fmt: skip


def _speculation(instance: Instance) -> list[str]:
    spec = instance.model.speculative
    if spec is None:
        return []
    words = ["--speculative-algorithm", spec.method]
    if spec.draft is not None:
        words += ["--speculative-draft-model-path", instance.draft]
    if spec.method not in CHAINED:
        return [*words, "--speculative-num-draft-tokens", str(spec.tokens)]
    # These three are set together or not at all.
    return [
        *words,
        "--speculative-num-steps", str(spec.tokens),
        "--speculative-eagle-topk", "1",
        "--speculative-num-draft-tokens", str(spec.tokens + 1),
    ]  # fmt: skip


def _parsers(model: Model) -> list[str]:
    words = ["--tool-call-parser", model.tool_parser] if model.tool_parser else []
    return words + (
        ["--reasoning-parser", model.reasoning_parser] if model.reasoning_parser else []
    )


def container(instance: Instance) -> Container:
    """Describe SGLang's server for ``instance``."""
    alone = instance.node is None
    return Container(
        command=tuple(command(instance)),
        port=PORT if alone else instance.port,
        user=NOBODY,
        network="bridge" if alone else "host",
        environment={
            "HOME": HOME,
            "USER": "nobody",
            "HF_HUB_OFFLINE": "1",
            "DO_NOT_TRACK": "1",
            # Longer than nginx keeps its upstream connections, or a reused one races a close.
            "SGLANG_TIMEOUT_KEEP_ALIVE": "75",
        },
        # Kernels are compiled at the first start, and loaded from the cache: it is executable.
        tmpfs=("/tmp:rw,nosuid,nodev,size=1g",),
        volumes=(f"{cache_volume(instance.model)}:{HOME}",),
        ulimits=("memlock=-1", "stack=67108864") if instance.cards > 1 or not alone else (),
    )


ENGINE = Engine(
    name="sglang",
    health="/ready",
    paths=(
        "/v1/chat/completions",
        "/v1/completions",
        "/v1/embeddings",
        "/v1/responses",
        "/v1/messages",
        "/v1/messages/count_tokens",
    ),
    container=container,
    busy=Busy("/metrics", ("sglang:num_running_reqs", "sglang:num_queue_reqs")),
)
