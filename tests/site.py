"""A site on the control machine for tests: one host, one API key, and its settings."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from firstlight import keys
from firstlight.settings import HostSettings, Model, load_host

MODEL: dict[str, Any] = {
    "name": "tiny",
    "engine": "llamacpp",
    "repo": "firstlight/tiny",
    "revision": "0123456789abcdef0123456789abcdef01234567",
    "file": "tiny.gguf",
    "image": "registry.example.net:5000/ggml-org/llama.cpp@sha256:" + "a" * 64,
    "context": 4096,
    "gpus": 0,
}
VLLM: dict[str, Any] = {
    "name": "qwen3-8b",
    "engine": "vllm",
    "repo": "Qwen/Qwen3-8B",
    "context": 32768,
    "revision": "1" * 40,
    "image": "docker.io/vllm/vllm-openai@sha256:" + "b" * 64,
    "shm": "8GiB",
}
OLLAMA: dict[str, Any] = {
    "name": "qwen3",
    "engine": "ollama",
    "weights": "ollama://qwen3:8b@sha256:" + "c" * 64,
    "image": "docker.io/ollama/ollama@sha256:" + "d" * 64,
    "context": 8192,
    "concurrency": 4,
}
SGLANG: dict[str, Any] = VLLM | {
    "engine": "sglang",
    "image": "docker.io/lmsysorg/sglang@sha256:" + "e" * 64,
}
TGI: dict[str, Any] = VLLM | {
    "engine": "tgi",
    "image": "ghcr.io/huggingface/text-generation-inference@sha256:" + "f" * 64,
}
TRITON: dict[str, Any] = {
    "name": "llama",
    "engine": "triton",
    "weights": "https://files.example.net/llama-engine/@sha256:" + "2" * 64,
    "image": "nvcr.io/nvidia/tritonserver@sha256:" + "3" * 64,
    "context": 8192,
    "args": {"tokenizer": "llama/1/tokenizer"},
}
BASES = {base["engine"]: base for base in (MODEL, VLLM, OLLAMA, SGLANG, TGI, TRITON)}  # by engine
Load = Callable[..., HostSettings]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Load host gpu1 with a model each of ``models`` (keys over :data:`MODEL`) and further data."""
    api_keys = tmp_path / ".firstlight/lab/keys/api-keys.toml"

    def load(*models: dict[str, Any], **data: Any) -> HostSettings:
        if not api_keys.exists():
            keys.issue(api_keys, "alice")
        served = [BASES[each.get("engine", "llamacpp")] | each for each in models or ({},)]
        host = {"site": "lab", "domain": "llm.example.net", "models": deepcopy(served), **data}
        return load_host("gpu1", host, ("gpu",), tmp_path)

    return load


@pytest.fixture
def model(load: Load) -> Callable[..., Model]:
    """Load one model: llama.cpp's, or vLLM's with ``engine="vllm"``."""

    def model(**change: Any) -> Model:
        return load(change).models[0]

    return model
