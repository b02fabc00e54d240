"""What in a host's data only the lock can make immutable: images by tag, weights by branch.

It works on resolved data that is not validated yet: what is not of the right form is passed
over here, for the validation to name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import TypeAdapter, ValidationError

from firstlight import registry
from firstlight.secret import may_be_secret
from firstlight.settings.found import shown
from firstlight.settings.mistake import key
from firstlight.settings.model_value import Image
from firstlight.settings.problem import Problem
from firstlight.settings.schema import Place
from firstlight.weights.source import FILE, HF, OLLAMA, S3, Source, SourceError

_TAG = re.compile(r"[\w][\w.-]{0,127}|", re.ASCII)
_IMAGE: TypeAdapter[str] = TypeAdapter(Image)
LATEST = "latest"


@dataclass(frozen=True)
class Lockable:
    """A place in a host's data that the lock speaks of.

    ``name`` is what the lock calls it, ``stem`` what stays of the value when its digest or
    commit is put behind it. ``pinned``: the inventory itself says the commit, and the lock adds
    checksums only. ``problem``: no lock can help, and why.
    """

    kind: Literal["image", "weights"]
    host: str
    place: Place
    name: str
    stem: str
    pinned: bool = False
    problem: Problem | None = None

    @property
    def where(self) -> str:
        """Host and setting, as they begin an error."""
        return f"{self.host}: {key(self.place)}"

    def wrong(self, found: str, expected: str = "", fix: str = "") -> Problem:
        """A problem at this place."""
        return Problem(self.host, key(self.place), found, expected, fix=fix)


def lockables(host: str, data: Mapping[str, object]) -> Iterator[Lockable]:
    """Every such place of ``host``, in the order of its models."""
    models = data.get("models")
    for index, model in enumerate(models if isinstance(models, (list, tuple)) else ()):
        if isinstance(model, Mapping):
            yield from _image(host, ("models", index), model)
            for place, part in parts(("models", index), model):
                yield from _weights(host, place, part)
    for place, part in watching(data):
        yield from _image(host, place, part)


def watching(data: Mapping[str, Any]) -> Iterator[tuple[Place, Mapping[str, Any]]]:
    """The parts of ``monitor`` that run in a container, each with its place."""
    monitor = data.get("monitor")
    for name in ("gpus", "grafana"):
        part = monitor.get(name) if isinstance(monitor, Mapping) else None
        if isinstance(part, Mapping):
            yield ("monitor", name), part


def parts(place: Place, model: Mapping[str, Any]) -> Iterator[tuple[Place, Mapping[str, Any]]]:
    """The model and its parts with weights of their own, each with its place."""
    yield place, model
    adapters = model.get("lora")
    for index, adapter in enumerate(adapters if isinstance(adapters, (list, tuple)) else ()):
        if isinstance(adapter, Mapping):
            yield (*place, "lora", index), adapter
    speculative = model.get("speculative")
    draft = speculative.get("draft") if isinstance(speculative, Mapping) else None
    if isinstance(draft, Mapping):
        yield (*place, "speculative", "draft"), draft


def _image(host: str, place: Place, model: Mapping[str, Any]) -> Iterator[Lockable]:
    image = model.get("image")
    if not isinstance(image, str) or "@" in image:
        return  # by digest, or not an image at all
    server, repository, tag = registry.split(image)
    stem = image.removesuffix(f":{tag}") if tag else image
    if not (_TAG.fullmatch(tag) and _is_name(stem)):
        return
    found = Lockable("image", host, (*place, "image"), f"{server}/{repository}:{tag}", stem)
    if tag and tag != LATEST:
        yield found
        return
    expected = "an image with its version as its tag, or its digest: the newest can be any"
    fix = f"write {stem}:TAG and run `firstlight lock INVENTORY`"
    problem = found.wrong(shown(image), expected, fix)
    yield Lockable(found.kind, host, found.place, found.name, stem, problem=problem)


def _is_name(stem: str) -> bool:
    try:
        _IMAGE.validate_python(f"{stem}@sha256:{'0' * 64}")
    except ValidationError:
        return False
    return True


def _weights(host: str, place: Place, part: Mapping[str, Any]) -> Iterator[Lockable]:
    given, repo, revision = part.get("weights"), part.get("repo"), part.get("revision")
    named = f"hf://{repo}" + (f"@{revision}" if revision is not None else "")
    from_repo = isinstance(repo, str) and given in (None, named)
    if from_repo:
        given = named
    try:
        source = Source.parse(given) if isinstance(given, str) else None
    except SourceError:
        return
    if source is None:
        return
    at = (*place, "revision" if from_repo else "weights")
    stem = str(source.at(""))
    found = Lockable("weights", host, at, str(source), stem, pinned=source.pinned)
    if source.scheme == HF or (source.scheme == OLLAMA and not source.pinned):
        yield found
    elif not source.pinned:
        problem = found.wrong(shown(given), "its checksum behind it", _sum_of(source))
        yield Lockable(found.kind, host, at, found.name, stem, problem=problem)


def _sum_of(source: Source) -> str:
    """How an operator gets the checksum of what no lock can look up without downloading it."""
    if may_be_secret(str(source)) or not str(source).isprintable():
        return "write @sha256:SUM behind it"
    address = f"{source.scheme}://{source.path}" + ("SHA256SUMS" if source.is_folder else "")
    if source.scheme == FILE:
        command = f"sha256sum {address.removeprefix('file://')}` on the host"
    elif source.scheme == S3:
        command = f"aws s3 cp {address} - | sha256sum`"
    else:
        command = f"curl -fL {address} | sha256sum`"
    return f"write {source}@sha256:SUM, with the sum of `{command}"
