"""llama.cpp's server: GGUF files, on GPU or CPU, starts in well under a second when small.

Its options are named in full and defaults are never relied on: the default port changed
between releases (8080, then 9931), and the slots endpoint, a web page and answers to any
website's scripts are on by default.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from firstlight.engines.engine import Busy, Container, Engine
from firstlight.engines.flags import as_flags
from firstlight.secret import Secret

if TYPE_CHECKING:
    from firstlight.engines.instance import Instance
    from firstlight.settings import Model

PORT = 8080
NOBODY = "65534:65534"
KEYS_PATH = "/etc/firstlight/keys"
LAYERS = ("n-gpu-layers", "gpu-layers", "ngl")
"""Names of the flag that says how many layers the GPUs take."""
# What says how many tokens are drafted differs between the methods.
DRAFTED = {
    "ngram-mod": "--spec-ngram-mod-n-max",
    "ngram-simple": "--spec-ngram-simple-size-m",
    "ngram-map-k": "--spec-ngram-map-k-size-m",
    "ngram-map-k4v": "--spec-ngram-map-k4v-size-m",
}


def command(instance: Instance) -> list[str]:
    """Return the words of ``llama-server`` for ``instance``.

    ``--ctx-size`` is the sum over all slots, so it is the context times the concurrency.
    """
    model = instance.model
    return [
        "--model", instance.file,
        "--alias", model.public,
        "--host", "0.0.0.0",  # inside the container; it is published on loopback only
        "--port", str(PORT),
        "--ctx-size", str(model.context * model.concurrency),
        "--parallel", str(model.concurrency),
        "--metrics",
        "--no-slots",
        "--no-webui",
        "--offline",
        "--cors-origins", "localhost", "--no-cors-credentials",
        *_gpus(model),
        *_adapters(instance),
        *_speculation(instance),
        *as_flags(model.args),
    ]  # fmt: skip


def _gpus(model: Model) -> list[str]:
    """All layers on the GPUs, unless an operator with a small card says how many."""
    words: list[str] = []
    if model.gpus and not any(name in model.args for name in LAYERS):
        words += ["--n-gpu-layers", "999"]
    if model.kv_cache_dtype == "fp8":
        # It has no fp8; q8_0 is as small. A quantized V cache needs flash attention.
        words += ["--cache-type-k", "q8_0", "--cache-type-v", "q8_0"]
        words += [] if "flash-attn" in model.args else ["--flash-attn", "on"]
    return words


def _adapters(instance: Instance) -> list[str]:
    """Adapters that do nothing until a request names them, by number: ``"lora": [{"id": 0, …``."""
    files = [f"{instance.adapter(lora)}/{lora.file}" for lora in instance.model.lora]
    return ["--lora", ",".join(files), "--lora-init-without-apply"] if files else []


def _speculation(instance: Instance) -> list[str]:
    spec = instance.model.speculative
    if spec is None:
        return []
    words = ["--spec-type", spec.method]
    if spec.draft is not None:
        words += ["--spec-draft-model", f"{instance.draft}/{spec.draft.file}"]
    return [*words, DRAFTED.get(spec.method, "--spec-draft-n-max"), str(spec.tokens)]


def container(instance: Instance) -> Container:
    """Describe ``llama-server`` for ``instance``."""
    return Container(
        command=tuple(command(instance)),
        port=PORT,
        user=NOBODY,
        environment={"HOME": "/tmp", "LLAMA_CACHE": "/tmp"},
        tmpfs=("/tmp:rw,noexec,nosuid,nodev,size=64m",),
    )


def keyed(container: Container, secrets: Sequence[Secret]) -> Container:
    """Have everything but health and the list of models ask for one of ``secrets``."""
    return replace(
        container,
        command=(*container.command, "--api-key-file", KEYS_PATH),
        config=Secret("".join(f"{secret.reveal()}\n" for secret in secrets)),
        config_path=KEYS_PATH,
    )


ENGINE = Engine(
    name="llamacpp",
    health="/health",
    paths=("/v1/chat/completions", "/v1/completions", "/v1/embeddings"),
    container=container,
    busy=Busy("/metrics", ("llamacpp:requests_processing", "llamacpp:requests_deferred")),
    keyed=keyed,
)
