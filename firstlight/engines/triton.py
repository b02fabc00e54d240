"""Triton Inference Server with its OpenAI frontend: for engines that TensorRT-LLM has compiled.

The weights are a model repository; one of its models has the name that clients ask for. Only the
frontend listens: the server's own ports (KServe's protocol) can load and unload models. The
frontend closes idle connections after 5 seconds, which cannot be set.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from firstlight.engines.cache import cache_volume
from firstlight.engines.engine import Check, Container, Engine
from firstlight.engines.flags import as_flags

if TYPE_CHECKING:
    from firstlight.engines.instance import Instance

PORT = 9000
USER = "1000:1000"
"""The image's own user, triton-server."""
FRONTEND = "/opt/tritonserver/python/openai/openai_frontend/main.py"
HOME = "/var/tmp"
ANSWER = 1024
"""Longest answer to a client that says no length, in tokens: the frontend's own is 16."""


def command(instance: Instance) -> list[str]:
    """Return the words that start the frontend, and the server inside it.

    A tokenizer that is no absolute path is one inside the weights.
    """
    model = instance.model
    args = dict(model.args)
    tokenizer = str(args.pop("tokenizer", ""))
    if tokenizer and not tokenizer.startswith("/"):
        tokenizer = f"{instance.weights}/{tokenizer}"
    args.setdefault("default-max-tokens", min(ANSWER, model.context // 2))
    return [
        "python3", FRONTEND,
        "--model-repository", instance.weights,
        "--host", "0.0.0.0",
        "--openai-port", str(PORT),
        *(["--tokenizer", tokenizer] if tokenizer else []),
        *(["--tool-call-parser", model.tool_parser] if model.tool_parser else []),
        *as_flags(args),
    ]  # fmt: skip


def container(instance: Instance) -> Container:
    """Describe the frontend for ``instance``."""
    return Container(
        command=tuple(command(instance)),
        port=PORT,
        user=USER,
        environment={"HOME": HOME, "HF_HUB_OFFLINE": "1", "DO_NOT_TRACK": "1"},
        tmpfs=("/tmp:rw,nosuid,nodev,size=1g",),
        volumes=(f"{cache_volume(instance.model)}:{HOME}",),
    )


def checks(instance: Instance) -> tuple[Check, ...]:
    """Return what must be true: the repository holds a model of the declared name."""
    named = Check(
        path="/v1/models",
        items="data",
        where={"id": instance.model.public},
        otherwise="the model repository has no model of the declared name",
    )
    return (named,)


ENGINE = Engine(
    name="triton",
    health="/health/ready",
    # Not among them: /v1/models/NAME/load and unload.
    paths=("/v1/chat/completions", "/v1/completions", "/v1/embeddings"),
    container=container,
    checks=checks,
)
