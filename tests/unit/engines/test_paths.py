"""What clients reach of an engine: what it is there for, and nothing with which to rule it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from firstlight.engines import ENGINES, paths_of
from firstlight.settings import Model
from tests.routes import recorded

Make = Callable[..., Model]
# Of all six engines: what loads and unloads, shows what others asked, stops, profiles, or makes the
# engine ask elsewhere.
RULING = (
    "abort", "adapter", "blobs", "cache", "control", "copy", "cors", "create", "delete", "detokenize",
    "docs", "elastic", "fault", "flush", "generate_stream", "health", "info", "invocations", "kv_event",
    "load", "lora", "metrics", "openapi", "pause", "ping", "profile", "props", "ps", "pull", "push",
    "release", "render", "reset", "resume", "rpc", "scale", "show", "slots", "sleep", "state", "stream",
    "tags", "template", "tokenize", "tools", "update", "version", "wake", "weights",
)  # fmt: skip
RECORDED = ("vllm", "llamacpp")


def words(path: str) -> set[str]:
    """Return the parts of ``path``, and of those of several words each word."""
    parts = path.strip("/").replace("-", "_").split("/")
    return {word for part in parts for word in (part, *part.split("_"))}


@pytest.mark.parametrize("name", ENGINES)
def test_clients_rule_no_engine(name: str) -> None:
    paths = ENGINES[name].paths + ENGINES[name].native
    assert paths and not [path for path in paths if words(path) - {"count_tokens"} & set(RULING)]
    assert all(path.startswith("/v1/") for path in ENGINES[name].paths)


@pytest.mark.parametrize("name", RECORDED)
def test_the_list_is_one_of_real_routes(name: str) -> None:
    """vLLM has those of embeddings where the model makes some."""
    there = {path for method, path in recorded(name) if method == "POST"} | {"/v1/embeddings"}
    assert set(ENGINES[name].paths) <= there


@pytest.mark.parametrize("name", RECORDED)
def test_there_is_something_to_close(name: str) -> None:
    closed = {path for _, path in recorded(name)} - set(ENGINES[name].paths)
    assert len(closed) > 20
    assert {word for path in closed for word in words(path)} & set(RULING)


def test_ollamas_own_api_is_closed_unless_its_owner_opens_it(model: Make) -> None:
    closed, opened = (
        paths_of(model(engine="ollama", native_api=native)) for native in (False, True)
    )
    assert not [path for path in closed if path.startswith("/api/")]
    assert set(opened) - set(closed) == {"/api/chat", "/api/generate", "/api/embed"}
    assert paths_of(model()) == ENGINES["llamacpp"].paths
