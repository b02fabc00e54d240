"""What is said of an inventory that is right and not wise; and the names of adapters."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from firstlight.catalogue import engines
from firstlight.engines.names import adapter_names
from firstlight.engines.warnings import warnings
from tests.site import Load

ADAPTER = "hf://org/adapter@" + "4" * 40


@pytest.mark.parametrize("engine", sorted(engines()))
def test_legacy_engines_say_why(load: Load, engine: str) -> None:
    found = list(warnings(load({"engine": engine})))
    legacy = {"tgi": "archived 2026-03-21", "triton": "TensorRT-LLM"}
    assert len(found) == (engine in legacy)
    assert all(legacy[engine] in text for text in found)


@pytest.mark.parametrize(
    ("change", "host", "said"),
    [
        ({"gpus": 2, "shm": 2**30}, {}, "1024 MiB of shared memory"),
        ({"gpus": (0, 1), "shm": 2**30}, {}, "shm should be at least 8GiB"),
        ({"gpus": (0, 1), "replicas": 2, "shm": 2**30}, {}, ""),
        ({"gpus": 4, "nodes": 2}, {}, "port 29501 and others without encryption"),
        ({"gpus": 4, "nodes": 2, "executor": "ray"}, {}, "Ray (port 6379 and others) without"),
        ({"gpus": 1}, {"nvidia": {"branch": 580}}, ""),
        ({"hub": "http://hub.internal", "hub_token": Path("t")}, {}, "can read the token"),
        ({"hub": "https://hub.internal", "hub_token": Path("t")}, {}, ""),
        ({"hub": "http://hub.internal"}, {}, ""),
    ],
)
def test_what_is_said(load: Load, change: dict[str, Any], host: dict[str, Any], said: str) -> None:
    alone = load({"engine": "vllm"}, **host)
    served = alone.models[0].model_copy(update=change)  # of several hosts: this is one of them
    found = list(warnings(alone.model_copy(update={"models": (served,)})))
    assert len(found) == bool(said) and all(said in text for text in found)


def test_images_by_url_cannot_be_fetched_any_more(load: Load) -> None:
    served = {"engine": "vllm", "media_domains": ["images.example.net"]}
    (found,) = [text for text in warnings(load(served)) if "media_domains" in text]
    assert "reaches nothing" in found and "data: URLs" in found
    assert not [text for text in warnings(load({"engine": "vllm"})) if "media" in text]


def test_an_old_driver(load: Load) -> None:
    nvidia = {"enabled": True, "branch": 570}
    (text,) = warnings(load({"engine": "vllm", "gpus": 1}, nvidia=nvidia))
    assert "built for driver branch 580 or newer, the host gets 570" in text
    assert not list(warnings(load({"engine": "llamacpp", "gpus": 1}, nvidia=nvidia)))


@pytest.mark.parametrize(
    ("engine", "asked"),
    [("vllm", ("sql",)), ("sglang", ("qwen3-8b:sql",)), ("tgi", ("sql",)), ("llamacpp", ())],
)
def test_names_of_adapters(load: Load, engine: str, asked: tuple[str, ...]) -> None:
    lora = {"name": "sql", "weights": ADAPTER}
    file = {"file": "sql.gguf"} if engine == "llamacpp" else {}
    assert adapter_names(load({"engine": engine, "lora": [lora | file]}).models[0]) == asked
