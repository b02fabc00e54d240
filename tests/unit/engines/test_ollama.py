"""Ollama's exact environment, against the source of August 2026, and what is checked of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from firstlight.engines.ollama import ENGINE
from firstlight.settings import Model
from tests.unit.engines.golden import expect
from tests.units import instances_of

Make = Callable[..., Model]
CASES: dict[str, dict[str, Any]] = {
    "plain": {},
    "cpu": {"gpus": 0, "queue": 0},
    "fp8": {"kv_cache_dtype": "fp8", "gpus": [0]},
}


@pytest.mark.parametrize("case", list(CASES))
def test_in_full(model: Make, case: str) -> None:
    expect(f"ollama-{case}", instances_of(model(engine="ollama", **CASES[case])))


def test_the_digest_is_the_declared_one(model: Make) -> None:
    (instance,) = instances_of(model(engine="ollama"))
    digest, loaded = ENGINE.checks(instance)
    assert (digest.path, digest.expect) == ("/api/tags", {"digest": "c" * 64})
    assert digest.where == loaded.where == {"name": "qwen3:latest"}


def test_the_gpu_is_really_used(model: Make) -> None:
    on_gpu, on_cpu = (instances_of(model(engine="ollama", gpus=gpus))[0] for gpus in (1, 0))
    assert ENGINE.checks(on_gpu)[1].same == ("size", "size_vram")
    assert [check.path for check in ENGINE.checks(on_cpu)] == ["/api/tags"]


def test_clients_change_nothing_that_is_stored() -> None:
    closed = {"pull", "push", "create", "copy", "delete", "blobs", "show", "me", "signout"}
    assert not closed & {path.rsplit("/", 1)[-1] for path in ENGINE.paths}
    assert not [path for path in ENGINE.paths if "experimental" in path or "blobs" in path]


def test_no_gpu_but_those_that_are_given(model: Make) -> None:
    """The image's own environment asks for all of them."""
    (instance,) = instances_of(model(engine="ollama"))
    assert ENGINE.container(instance).environment["NVIDIA_VISIBLE_DEVICES"] == "void"


@pytest.mark.parametrize("name", ["Qwen3-8B", "a.b_c-d", "UPPER", "7b"])
def test_our_names_are_names_of_ollama(model: Make, name: str) -> None:
    """Its own rule: letters of both cases, digits, and after the first also ``_``, ``-``, ``.``."""
    (instance,) = instances_of(model(engine="ollama", name=name))
    request = ENGINE.preload(instance)
    assert request is not None and request.body["model"] == name
    assert ENGINE.checks(instance)[0].where == {"name": f"{name}:latest"}
