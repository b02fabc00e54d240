"""A site on disk and the smallest right host, to be made wrong one key at a time."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from firstlight import keys
from firstlight.settings import HostSettings, Problem, SettingsError, load_host

Data = dict[str, Any]
HOST: Data = {
    "site": "lab",
    "domain": "llm.example.net",
    "models": [
        {
            "name": "tiny",
            "engine": "llamacpp",
            "repo": "firstlight/tiny",
            "revision": "0123456789abcdef0123456789abcdef01234567",
            "file": "tiny.gguf",
            "image": "registry.example.net:5000/ggml-org/llama.cpp@sha256:" + "a" * 64,
            "context": 4096,
            "gpus": 0,
        }
    ],
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A checkout whose site "lab" has one API key."""
    keys.issue(tmp_path / ".firstlight/lab/keys/api-keys.toml", "alice")
    return tmp_path


@pytest.fixture
def data() -> Data:
    """The data of a host that is right."""
    return deepcopy(HOST)


@pytest.fixture
def load(root: Path) -> Callable[..., HostSettings]:
    """Load one host named gpu1."""

    def load(data: Data, groups: tuple[str, ...] = ("gpu",)) -> HostSettings:
        return load_host("gpu1", data, groups, root)

    return load


@pytest.fixture
def problems(root: Path) -> Callable[..., list[Problem]]:
    """The problems of a host that is wrong."""

    def problems(data: Data, groups: tuple[str, ...] = ("gpu",)) -> list[Problem]:
        with pytest.raises(SettingsError) as error:
            load_host("gpu1", data, groups, root)
        return error.value.problems

    return problems
