"""Bad input that is more than one wrong value: missing keys, unknown models, contradictions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from firstlight.settings import Problem

Data = dict[str, Any]


def only(found: list[Problem]) -> str:
    assert len(found) == 1, [str(problem) for problem in found]
    return str(found[0])


@pytest.mark.parametrize("key", ["revision", "image", "name"])
def test_a_required_key_is_missing(
    key: str, data: Data, problems: Callable[..., list[Problem]]
) -> None:
    del data["models"][0][key]
    text = only(problems(data))
    assert text.startswith(f"gpu1: models[0].{key}: found nothing, expected ")
    if key == "revision":
        assert "fix: take the commit from `hf models info ORG/NAME --expand sha`" in text
    if key == "image":
        assert "or take the digest from `skopeo inspect" in text


def test_an_unknown_model_is_one_problem(
    data: Data, problems: Callable[..., list[Problem]]
) -> None:
    model = data["models"][0]
    data["models"] = [{"name": "qwen3-8", "revision": model["revision"], "image": model["image"]}]
    text = only(problems(data))
    assert 'models[0].name: found the unknown "qwen3-8", expected a model of the cata' in text
    assert text.endswith('; did you mean "qwen3-8b"?')


def test_an_adapter_without_weights_is_no_unknown_model(
    data: Data, problems: Callable[..., list[Problem]]
) -> None:
    data["models"][0]["lora"] = [{"name": "sql"}]
    text = only(problems(data))
    assert "models[0].lora[0].weights: found nothing, expected " in text


@pytest.mark.parametrize(
    "flag",
    ["trust-remote-code", "no-trust-remote-code", "trust-remote", "host", "api-key", "max-model-l"],
)
def test_vllm_flags_that_are_not_the_operators(
    flag: str, data: Data, problems: Callable[..., list[Problem]]
) -> None:
    data["models"][0] |= {"engine": "vllm", "file": None, "args": {flag: True}}
    assert f'models[0].args["{flag}"]: found the flag ' in only(problems(data))


def test_two_models_with_one_name_and_one_port(
    data: Data, problems: Callable[..., list[Problem]]
) -> None:
    data["models"].append(data["models"][0] | {"port": 8000})
    name, port = map(str, problems(data))
    assert "models[1].name: found tiny, expected a name of its own: models[0] has it" in name
    assert "models[1].port: found 8000, expected a port of its own: models[0] has it" in port


def test_an_edge_without_models(data: Data, problems: Callable[..., list[Problem]]) -> None:
    text = only(problems(data | {"models": [], "edge": {"enabled": True}}, ()))
    assert "models: found nothing, expected at least one model: its edge is enabled" in text


def test_every_mistake_is_reported_at_once(
    data: Data, problems: Callable[..., list[Problem]]
) -> None:
    data |= {"domain": "!", "dokcer": 1, "base": {"time_sync": 3}}
    data["models"][0] |= {"engin": 1, "port": "x"}
    keys = {problem.key for problem in problems(data)}
    assert keys == {"domain", "dokcer", "base.time_sync", "models[0].engin", "models[0].port"}
