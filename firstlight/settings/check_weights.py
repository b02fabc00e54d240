"""Contradictions between a model's weights and the engine that is to read them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import parse_qsl

from firstlight.catalogue import EngineRow, engines
from firstlight.secret import may_be_secret
from firstlight.settings.found import shown
from firstlight.settings.model import Model
from firstlight.settings.model_part import Weights
from firstlight.settings.problem import NOTHING, Problem
from firstlight.weights.source import HF, OLLAMA, Source

_SECRET_NAME = re.compile(r"token|signature|sig$|secret|passw|auth|credential|key$", re.I)


def file_contradictions(host: str, at: str, model: Model, profile: EngineRow) -> Iterator[Problem]:
    """Every contradiction in where the weights come from, and in which file of them is served."""
    yield from _source(host, at, model, profile)
    yield from _said_twice(host, at, model)
    parts: list[tuple[str, Model | Weights]] = [(at, model)]
    parts += [(f"{at}.lora[{index}]", lora) for index, lora in enumerate(model.lora)]
    if model.speculative is not None and model.speculative.draft is not None:
        parts.append((f"{at}.speculative.draft", model.speculative.draft))
    for place, part in parts:
        yield from _file(host, place, part, model.engine)
        yield from _secret(host, place, part)


def _source(host: str, at: str, model: Model, profile: EngineRow) -> Iterator[Problem]:
    engine, source = model.engine, model.source
    key, found = f"{at}.weights", f"{source.scheme}://{source.path}"
    if "ollama" in profile.formats and source.scheme != OLLAMA:
        expected = "weights of Ollama's library, ollama://NAME:TAG@sha256:…: ollama serves no other"
        yield Problem(host, key, found, expected)
    elif source.scheme == OLLAMA and "ollama" not in profile.formats:
        able = ", ".join(name for name, row in engines().items() if "ollama" in row.formats)
        expected = f"weights that {engine} reads ({', '.join(profile.formats)}), or engine {able}"
        yield Problem(host, key, found, expected)
    elif not profile.single_file and _is_one_file(source):
        expected = f"a folder, whose location ends in /: {engine} serves all files of it"
        yield Problem(host, key, found, expected)


def _said_twice(host: str, at: str, model: Model) -> Iterator[Problem]:
    """Repository and revision beside weights that are others: nobody can tell which is meant."""
    source = model.source
    other = model.repo is not None and model.repo != source.repo
    if other or (model.revision is not None and model.revision != source.revision):
        expected = "either weights, or repo and revision: these are two different sources"
        yield Problem(host, f"{at}.weights", f"{source.scheme}://{source.path}", expected)


def _secret(host: str, at: str, part: Model | Weights) -> Iterator[Problem]:
    """The address stands in jobs, markers and listings that everyone on the host can read."""
    for name, value in parse_qsl(Source.parse(part.weights).query, keep_blank_values=True):
        if _SECRET_NAME.search(name) or may_be_secret(value):
            expected = "an address without a secret, which every account of the host could read"
            fix = "have hub_token say where the token, or USER:PASSWORD, is"
            yield Problem(host, f"{at}.weights", f"{shown(name)} in it", expected, fix=fix)
            return


def _is_one_file(source: Source) -> bool:
    return source.scheme not in (HF, OLLAMA) and not source.is_folder


def _file(host: str, at: str, part: Model | Weights, engine: str) -> Iterator[Problem]:
    key, name = f"{at}.file", part.file
    profile, source = engines()[engine], Source.parse(part.weights)
    if not profile.single_file:
        if name is not None:
            expected = f"no file: {engine} serves the whole folder"
            yield Problem(host, key, shown(name), expected)
    elif name is None:
        expected = f"the GGUF file inside {source.location}: {engine} serves one file"
        yield Problem(host, key, NOTHING, expected)
    elif not name.endswith(".gguf"):
        yield Problem(host, key, shown(name), "a file that ends in .gguf")
    elif _is_one_file(source) and name != source.name:
        expected = f"{source.name}: the weights are this one file"
        yield Problem(host, key, shown(name), expected)
