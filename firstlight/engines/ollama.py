"""Ollama: models of its own library, for a workstation or a single card.

It is set by environment only. It has no metrics, no key, no drain, and no bound on requests that
wait for a loaded model (``OLLAMA_MAX_QUEUE`` bounds those that wait for a load). Where GPU memory
is short it moves layers to the CPU without a word: what it says of itself is checked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from firstlight.engines.engine import Check, Container, Engine, Request

if TYPE_CHECKING:
    from firstlight.engines.instance import Instance

PORT = 11434
NOBODY = "65534:65534"


def environment(instance: Instance) -> dict[str, str]:
    """Return Ollama's settings; what is not said here keeps a default that depends on the host."""
    model = instance.model
    found = {
        "HOME": "/tmp",  # it writes a key pair there that only its cloud would ask for
        "OLLAMA_HOST": f"0.0.0.0:{PORT}",
        "OLLAMA_MODELS": instance.weights,
        # By default it follows from the GPU's memory: 4096 to 262144.
        "OLLAMA_CONTEXT_LENGTH": str(model.context),
        "OLLAMA_NUM_PARALLEL": str(model.concurrency),
        "OLLAMA_MAX_QUEUE": str(max(1, model.waiting)),
        "OLLAMA_MAX_LOADED_MODELS": "1",
        "OLLAMA_KEEP_ALIVE": "-1",
        "OLLAMA_LOAD_TIMEOUT": f"{model.start_timeout}s",
        "OLLAMA_NO_CLOUD": "1",
        "OLLAMA_NOPRUNE": "1",  # the weights are read-only
        # The image asks for every GPU; which ones it gets is said by CDI.
        "NVIDIA_VISIBLE_DEVICES": "void",
    }
    if model.kv_cache_dtype == "fp8":
        # It has no fp8; q8_0 is as small, and needs flash attention.
        found |= {"OLLAMA_KV_CACHE_TYPE": "q8_0", "OLLAMA_FLASH_ATTENTION": "1"}
    return found


def container(instance: Instance) -> Container:
    """Describe ``ollama serve`` for ``instance``."""
    return Container(
        command=("serve",),
        port=PORT,
        user=NOBODY,
        environment=environment(instance),
        tmpfs=("/tmp:rw,noexec,nosuid,nodev,size=1g",),
    )


def preload(instance: Instance) -> Request:
    """Ask for the model without a prompt: it is loaded then, and stays."""
    return Request(
        "/api/generate", {"model": instance.model.name, "keep_alive": -1, "stream": False}
    )


def checks(instance: Instance) -> tuple[Check, ...]:
    """Return what must be true of the loaded model: the pinned digest, and all of it on GPUs."""
    where = {"name": f"{instance.model.name}:latest"}
    digest = Check(
        path="/api/tags",
        items="models",
        where=where,
        expect={"digest": instance.model.source.digest},
        otherwise="the model that Ollama offers is not the one that was declared",
    )
    if instance.model.gpus == 0:
        return (digest,)
    loaded = Check(
        path="/api/ps",
        items="models",
        where=where,
        same=("size", "size_vram"),
        otherwise="the model is not wholly in GPU memory: give it a smaller context, less "
        "concurrency or a larger card, or declare gpus = 0",
    )
    return digest, loaded


ENGINE = Engine(
    name="ollama",
    health="/api/version",
    paths=(
        "/v1/chat/completions",
        "/v1/completions",
        "/v1/embeddings",
        "/v1/responses",
        "/v1/messages",
    ),
    # Never among them: pull, push, create, copy, delete, blobs, and whatever else changes what is
    # stored. Even in these a request may unload the model for everybody (``keep_alive``), or ask
    # for another context or fewer GPU layers, for which it is loaded anew.
    native=("/api/chat", "/api/generate", "/api/embed"),
    container=container,
    metrics="",
    preload=preload,
    checks=checks,
)
