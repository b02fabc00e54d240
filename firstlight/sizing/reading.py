"""Reads a model that is to be sized: from the catalogue, a folder, or the model hub.

The only part of sizing that reads anything; a name of the catalogue needs no network.
"""

from __future__ import annotations

import json
import re
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from firstlight.catalogue import models
from firstlight.catalogue.named import model_name, refused
from firstlight.errors import FirstlightError
from firstlight.sizing.architecture import from_config
from firstlight.sizing.quantization import format_of, weight_bytes
from firstlight.sizing.subject import Subject, from_row

_REPOSITORY = re.compile(r"[\w.-]{1,96}/[\w.-]{1,96}")
_INDEX = "model.safetensors.index.json"
_LARGEST = 64 * 2**20
"""Bytes of an index; a larger answer is none."""


def read(text: str, hub: str | None = None) -> Subject:
    """The model that ``text`` names: a name of the catalogue, a folder, or ORG/NAME on ``hub``.

    A repository that the catalogue knows is looked up there only where a ``hub`` is given.

    Raises :class:`FirstlightError` where there is no such model, or it cannot be read.
    """
    _refuse(text)
    asked_there = hub is not None and _REPOSITORY.fullmatch(text)
    if not asked_there and (name := model_name(text)):
        subject = from_row(name)
        if subject is not None:
            return subject
    if text and Path(text).is_dir():
        return from_folder(Path(text))
    if _REPOSITORY.fullmatch(text):
        from firstlight.sizing.hub import from_hub

        return from_hub(text, hub)
    if text.startswith(("/", "./", "../", "~")):
        raise FirstlightError(
            "there is no such folder",
            where=text,
            fix="give a folder with config.json and *.safetensors",
        )
    near = get_close_matches(text.lower(), models(), n=1, cutoff=0.5)
    raise FirstlightError(
        f'there is no model "{text}"',
        why="it is no name of the catalogue, no folder, and no ORG/NAME of the hub",
        fix=f'did you mean "{near[0]}"?' if near else f"one of: {', '.join(models())}",
    )


def _refuse(text: str) -> None:
    row = refused(text)
    if row is not None:
        raise FirstlightError(
            f"{text} cannot be served", why=row.reason, fix=f"take {', or '.join(row.successors)}"
        )


def from_folder(folder: Path) -> Subject:
    """The model in a folder with ``config.json`` and safetensors files."""
    path = folder / "config.json"
    try:
        config = parsed(path.read_bytes(), str(path))
    except OSError as error:
        raise FirstlightError(
            "this folder holds no model",
            where=str(folder),
            why=f"config.json cannot be read: {error.strerror}",
            fix="give a folder with config.json and *.safetensors",
        ) from None
    index = folder / _INDEX
    total = 0
    if index.is_file():
        total = total_size(parsed(index.read_bytes(), str(index)))
    if not total:
        total = sum(each.stat().st_size for each in folder.glob("*.safetensors"))
    return subject(folder.resolve().name, config, total, where=str(path))


def parsed(content: bytes, where: str) -> dict[str, Any]:
    """``content`` as a JSON object. Raises :class:`FirstlightError`."""
    try:
        found = json.loads(content) if len(content) <= _LARGEST else None
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise FirstlightError("this is no JSON object", where=where, why="it cannot be parsed")
    return found


def total_size(index: dict[str, Any]) -> int:
    """Bytes of the weights by a safetensors index; 0 where it does not say."""
    metadata = index.get("metadata")
    size = metadata.get("total_size") if isinstance(metadata, dict) else None
    return int(size) if isinstance(size, (int, float)) and size > 0 else 0


def subject(name: str, config: dict[str, Any], total: int, where: str, repo: str = "") -> Subject:
    """The model with the dimensions of ``config``; without ``total`` bytes they are counted."""
    _refuse_classes(name, config)
    architecture, quantization = from_config(config, where), format_of(config)
    found = Subject(
        name=name,
        architecture=architecture,
        bytes=total,
        quantization=quantization,
        context=architecture.positions,
        repo=repo,
    )
    counted = weight_bytes(found.parameters, quantization)
    return found if total else found.quantized(quantization) if counted else found


def _refuse_classes(name: str, config: dict[str, Any]) -> None:
    if "QWenLMHeadModel" in (config.get("architectures") or ()):
        raise FirstlightError(
            f"{name} cannot be served",
            why="it is a Qwen of the first version (QWenLMHeadModel), which vLLM serves up to "
            "0.23.0 only",
            fix="take qwen3-1.7b, qwen3-8b, qwen3-14b or qwen2.5-72b",
        )
