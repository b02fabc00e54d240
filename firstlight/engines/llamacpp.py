"""llama.cpp's server: GGUF files, on GPU or CPU, starts in well under a second when small.

Its options are named in full and defaults are never relied on: the default port changed
between releases (8080, then 9931), and the slots endpoint and a web page are on by default.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from firstlight.engines.engine import Container, Engine
from firstlight.engines.flags import as_flags

if TYPE_CHECKING:
    from firstlight.settings import Model

PORT = 8080
NOBODY = "65534:65534"


def container(model: Model, weights: str) -> Container:
    """Describe ``llama-server`` for ``model``.

    ``--ctx-size`` is the sum over all slots, so it is the context times the concurrency.
    """
    command = [
        "--model", f"{weights}/{model.file}",
        "--alias", model.name,
        "--host", "0.0.0.0",  # inside the container; it is published on loopback only
        "--port", str(PORT),
        "--ctx-size", str(model.context * model.concurrency),
        "--parallel", str(model.concurrency),
        "--metrics",
        "--no-slots",
        *(["--n-gpu-layers", "999"] if model.gpus else []),
        *as_flags(model.args),
    ]  # fmt: skip
    return Container(
        command=tuple(command),
        port=PORT,
        user=NOBODY,
        environment={"HOME": "/tmp", "LLAMA_CACHE": "/tmp"},
        tmpfs=("/tmp:rw,noexec,nosuid,nodev,size=64m",),
    )


ENGINE = Engine(
    name="llamacpp",
    health="/health",
    paths=("/v1/chat/completions", "/v1/completions", "/v1/embeddings"),
    container=container,
)
