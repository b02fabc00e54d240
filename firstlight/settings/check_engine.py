"""What is asked of an engine that it cannot do."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase

from firstlight.catalogue import EngineRow, engines
from firstlight.settings.model import Model
from firstlight.settings.problem import NOTHING, Problem

_OPTIONAL: dict[str, object] = {
    "quantization": None,
    "kv_cache_dtype": "auto",
    "expert_parallel": False,
    "executor": "mp",
    "tool_parser": None,
    "reasoning_parser": None,
    "media_domains": (),
    "native_api": False,
    "canary_of": None,
}
"""Settings that not every engine can follow, with the value that asks for nothing."""
_SIZES = {"tensor_parallel": "tensor", "pipeline_parallel": "pipeline", "data_parallel": "data"}


def beyond_the_engine(host: str, at: str, model: Model, profile: EngineRow) -> Iterator[Problem]:
    """Every setting of ``model`` that its engine has no use for."""
    for key, nothing in _OPTIONAL.items():
        value = getattr(model, key)
        if value in (nothing, "") or key in profile.knows:
            continue
        found = ", ".join(value) if isinstance(value, tuple) else str(value)
        yield _cannot(host, f"{at}.{key}", found, model, _that_know(key))
    for key, kind in _SIZES.items():
        if (getattr(model, key) or 1) > 1 and kind not in profile.parallel:
            found = str(getattr(model, key))
            yield _cannot(host, f"{at}.{key}", found, model, _that_spread(kind))
    if model.nodes > 1 and "nodes" not in profile.parallel:
        yield _cannot(host, f"{at}.nodes", str(model.nodes), model, _that_spread("nodes"))
    if model.lora and not profile.lora:
        names = ", ".join(lora.name for lora in model.lora)
        able = [name for name, row in engines().items() if row.lora]
        yield _cannot(host, f"{at}.lora", names, model, able)
    if model.speculative is not None:
        yield from _speculative(host, f"{at}.speculative", model, profile)


def _speculative(host: str, at: str, model: Model, profile: EngineRow) -> Iterator[Problem]:
    assert model.speculative is not None
    method, draft = model.speculative.method, model.speculative.draft
    if not profile.speculative:
        able = [name for name, row in engines().items() if row.speculative]
        yield _cannot(host, at, method, model, able)
    elif not _among(method, profile.speculative):
        expected = f"one of {profile.title}'s methods: {', '.join(profile.speculative)}"
        yield Problem(host, f"{at}.method", method, expected)
    elif draft is None and _among(method, profile.drafted):
        expected = f"the weights of a draft model: {method} needs one"
        yield Problem(host, f"{at}.draft", NOTHING, expected)
    elif draft is not None and "ngram" in method.lower():
        expected = f"no draft model: {method} drafts from the prompt"
        yield Problem(host, f"{at}.draft", draft.weights, expected)


def _among(method: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(method, pattern) for pattern in patterns)


def _that_know(key: str) -> list[str]:
    return [name for name, row in engines().items() if key in row.knows]


def _that_spread(kind: str) -> list[str]:
    return [name for name, row in engines().items() if kind in row.parallel]


def _cannot(host: str, key: str, found: str, model: Model, able: list[str]) -> Problem:
    names = " and ".join([", ".join(able[:-1]), able[-1]] if len(able) > 1 else able)
    expected = f"nothing: {model.engine} cannot; {names} can"
    return Problem(host, key, found, expected)
