"""Text Generation Inference: for hosts that still run it. Its development has ended.

Its entrypoint hands its words to a shell unquoted, so no word may hold a space. The Python of its
image stands in root's home: it cannot run as anybody else, so it runs as root without a single
capability, on a read-only file system.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from firstlight.engines.cache import cache_volume
from firstlight.engines.engine import Busy, Container, Engine
from firstlight.engines.flags import as_flags

if TYPE_CHECKING:
    from firstlight.engines.instance import Instance
    from firstlight.settings import Model

PORT = 3000
ROOT = "0:0"
HOME = "/var/tmp"
NO_PROXY_THERE = "http://127.0.0.1:9"
"""The discard port of the container itself, where nothing listens."""


def command(instance: Instance) -> list[str]:
    """Return the words of ``text-generation-launcher`` for ``instance``."""
    model = instance.model
    return [
        "--model-id", instance.weights,
        "--hostname", "0.0.0.0",
        "--port", str(PORT),
        # Prompt and answer share the context; one token of it is left for the answer.
        "--max-total-tokens", str(model.context),
        "--max-input-tokens", str(model.context - 1),
        # It knows one limit, on all requests that it has taken; more get 429.
        "--max-concurrent-requests", str(model.concurrency + model.waiting),
        "--graceful-termination-timeout", str(model.drain_timeout),
        "--usage-stats", "off",
        *(["--num-shard", str(instance.tensor)] if instance.tensor > 1 else []),
        *_memory(model),
        *_adapters(instance),
        *(["--speculate", str(model.speculative.tokens)] if model.speculative else []),
        *as_flags(model.args),
    ]  # fmt: skip


def _memory(model: Model) -> list[str]:
    words: list[str] = []
    if model.gpu_memory_utilization is not None:
        words += ["--cuda-memory-fraction", str(model.gpu_memory_utilization)]
    if model.quantization:
        words += ["--quantize", model.quantization]
    if model.kv_cache_dtype == "fp8":
        words += ["--kv-cache-dtype", "fp8_e4m3fn"]
    return words


def _adapters(instance: Instance) -> list[str]:
    named = [f"{lora.name}={instance.adapter(lora)}" for lora in instance.model.lora]
    return ["--lora-adapters", ",".join(named)] if named else []


def container(instance: Instance) -> Container:
    """Describe the launcher for ``instance``."""
    return Container(
        command=tuple(command(instance)),
        port=PORT,
        user=ROOT,
        environment={
            "HOME": HOME,
            "HF_HOME": HOME,
            "HF_HUB_OFFLINE": "1",
            "DO_NOT_TRACK": "1",
            # It fetches any URL for a vision model's clients, and has no list of domains: a proxy
            # that is not there closes that. Its own parts talk over a socket.
            "http_proxy": NO_PROXY_THERE,
            "https_proxy": NO_PROXY_THERE,
        },
        tmpfs=("/tmp:rw,nosuid,nodev,size=1g",),
        volumes=(f"{cache_volume(instance.model)}:{HOME}",),
    )


ENGINE = Engine(
    name="tgi",
    health="/health",
    # Not among them: /generate and its kin, which take no model's name, and /invocations.
    paths=("/v1/chat/completions", "/v1/completions"),
    container=container,
    busy=Busy("/metrics", ("tgi_batch_current_size", "tgi_queue_size")),
)
