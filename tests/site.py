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
Load = Callable[..., HostSettings]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Load host gpu1 with a model each of ``models`` (keys over :data:`MODEL`) and further data."""
    api_keys = tmp_path / ".firstlight/lab/keys/api-keys.toml"

    def load(*models: dict[str, Any], **data: Any) -> HostSettings:
        if not api_keys.exists():
            keys.issue(api_keys, "alice")
        bases = {"vllm": VLLM, "llamacpp": MODEL}
        served = [bases[each.get("engine", "llamacpp")] | each for each in models or ({},)]
        host = {"site": "lab", "domain": "llm.example.net", "models": deepcopy(served), **data}
        return load_host("gpu1", host, ("gpu",), tmp_path)

    return load


@pytest.fixture
def model(load: Load) -> Callable[..., Model]:
    """Load one model: llama.cpp's, or vLLM's with ``engine="vllm"``."""

    def model(**change: Any) -> Model:
        return load(change).models[0]

    return model
