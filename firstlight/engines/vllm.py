"""vLLM: safetensors checkpoints, continuous batching, the engine for a rack.

Arguments go through a YAML file, so that the process list shows one short line. A SIGTERM
without ``shutdown-timeout`` leaves open streams hanging (seen on 0.32), so it is always set;
a crashed engine exits 0 (seen), so its unit restarts always.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from firstlight.engines.engine import Container, Engine

if TYPE_CHECKING:
    from firstlight.settings import Model

PORT = 8000
# The image's own unprivileged user: an arbitrary uid has no passwd entry, and torch's import
# asks for one. Group 0 may write its caches.
VLLM_USER = "2000:0"
HOME = "/home/vllm"
CONFIG_PATH = "/etc/firstlight/vllm.yaml"


def arguments(model: Model, weights: str) -> dict[str, Any]:
    """Return vLLM's arguments for ``model`` by their long names."""
    return {
        "model": weights,
        "served-model-name": [model.name],
        "host": "0.0.0.0",
        "port": PORT,
        "max-model-len": model.context,
        "max-num-seqs": model.concurrency,
        "shutdown-timeout": model.drain_timeout,
        "disable-fastapi-docs": True,
        **model.args,
    }


def container(model: Model, weights: str) -> Container:
    """Describe ``vllm serve`` for ``model``."""
    return Container(
        command=("--config", CONFIG_PATH),
        port=PORT,
        user=VLLM_USER,
        environment={
            "HOME": HOME,
            "HF_HUB_OFFLINE": "1",
            "VLLM_NO_USAGE_STATS": "1",
            "DO_NOT_TRACK": "1",
            # Longer than nginx keeps its upstream connections, or a reused one races a close.
            "VLLM_HTTP_TIMEOUT_KEEP_ALIVE": "75",
        },
        # Triton and Inductor load compiled libraries from the cache: it must be executable.
        # The volume is named after the model, so that compiled kernels outlive the container.
        tmpfs=("/tmp:rw,nosuid,nodev,size=1g",),
        volumes=(f"firstlight-cache-{model.name}:{HOME}/.cache",),
        config=yaml.safe_dump(arguments(model, weights), sort_keys=True),
        config_path=CONFIG_PATH,
    )


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
)
