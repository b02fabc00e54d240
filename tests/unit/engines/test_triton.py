"""The exact command line of Triton's OpenAI frontend, against its source of August 2026."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from firstlight.engines.triton import ENGINE
from firstlight.settings import Model
from tests.unit.engines.golden import expect
from tests.units import instances_of

Make = Callable[..., Model]
CASES: dict[str, dict[str, Any]] = {
    "plain": {},
    "parser": {"tool_parser": "llama3", "args": {"tokenizer": "/opt/t", "backend": "vllm"}},
}


@pytest.mark.parametrize("case", list(CASES))
def test_in_full(model: Make, case: str) -> None:
    expect(f"triton-{case}", instances_of(model(engine="triton", **CASES[case])))


def test_its_own_ports_stay_closed(model: Make) -> None:
    """They can load and unload models, and have no list of paths."""
    (instance,) = instances_of(model(engine="triton"))
    assert "--enable-kserve-frontends" not in ENGINE.container(instance).command
    assert not [path for path in ENGINE.paths if "load" in path or path.startswith("/v2")]


def test_answers_are_not_cut_after_sixteen_tokens(model: Make) -> None:
    args = {"tokenizer": "t", "default-max-tokens": 99}
    for change, most in (({}, "1024"), ({"context": 512}, "256"), ({"args": args}, "99")):
        (instance,) = instances_of(model(engine="triton", **change))
        words = ENGINE.container(instance).command
        assert words[words.index("--default-max-tokens") + 1] == most


def test_the_repository_has_the_model(model: Make) -> None:
    (instance,) = instances_of(model(engine="triton"))
    (check,) = ENGINE.checks(instance)
    assert (check.path, check.items, check.where) == ("/v1/models", "data", {"id": "llama"})
