"""Puts what the lock says in the place of tags, branches and names."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

from pydantic import TypeAdapter, ValidationError

from firstlight.lock.pins import Pins
from firstlight.lock.section import Weights as Entry
from firstlight.settings.lockable import Lockable, lockables
from firstlight.settings.model_part import Weights
from firstlight.settings.problem import Problem
from firstlight.settings.schema import Place
from firstlight.settings.value import RepositoryFile
from firstlight.weights.source import HF, OLLAMA, Source

DRIVER = "nvidia-driver-{branch}"
"""What a lock calls the driver of a branch."""
_FILE: TypeAdapter[str] = TypeAdapter(RepositoryFile)
_NOBODY = {"image": "sha256:" + "0" * 64, HF: "0" * 40}
"""Stands where a mistake was found, so that the validation does not name it a second time."""


def locked(
    host: str, data: Mapping[str, object], pins: Pins | None
) -> tuple[dict[str, object], list[Problem]]:
    """Resolved ``data`` of ``host`` with what the lock says, and what it does not say.

    Without ``pins`` the data stays as it is: what is not immutable fails the validation.
    """
    out: dict[str, Any] = dict(data)
    if pins is None:
        return out, []
    models = out.get("models")
    if isinstance(models, (list, tuple)):
        out["models"] = [_copied(model) for model in models]
    monitor = out.get("monitor")
    if isinstance(monitor, Mapping):
        out["monitor"] = {k: dict(v) if isinstance(v, Mapping) else v for k, v in monitor.items()}
    if "nvidia" in out:
        out["nvidia"] = _driver(out["nvidia"], pins)
    problems = []
    for found in lockables(host, out):
        part = _at(out, found.place[:-1])
        problem = (
            _image(part, found, pins) if found.kind == "image" else _weights(part, found, pins)
        )
        if problem is not None:
            problems.append(problem)
    return out, problems


def _image(part: dict[str, Any], found: Lockable, pins: Pins) -> Problem | None:
    digest = pins.section.images.get(found.name)
    part["image"] = f"{found.stem}@{digest or _NOBODY['image']}"
    if found.problem or digest:
        return found.problem
    return _missing(found, f"the tag {found.name}", pins)


def _weights(part: dict[str, Any], found: Lockable, pins: Pins) -> Problem | None:
    source, entry = Source.parse(found.name), pins.section.weights.get(found.name)
    if entry is None and found.pinned:
        return None
    revision = entry.revision if entry else _NOBODY.get(source.scheme, _NOBODY["image"])
    pinned = source.at(revision)
    if not pinned.pinned or (found.pinned and pinned != source):
        fix = f"{pins.command} --update"
        return found.wrong(f"{pins.file} has {revision} for {found.name}", "", fix)
    part["weights"] = str(pinned)
    if part.get("repo") is not None and source.scheme == HF:
        part["revision"] = revision
    if entry is None:
        return found.problem or _missing(found, str(source), pins)
    _checksums(part, source, entry)
    return None


def _checksums(part: dict[str, Any], source: Source, entry: Entry) -> None:
    """Add the checksums and the size of the files that this part of a model reads."""
    chosen = dict(entry.files)
    if source.scheme != OLLAMA:  # the manifest's digest names all of its files
        patterns = [*_patterns(part), str(part.get("file") or "")]
        chosen = {
            path: file
            for path, file in entry.files.items()
            if any(fnmatchcase(path, pattern) for pattern in patterns)
        }
        sums = {
            path: file.sum.removeprefix("sha256:")
            for path, file in chosen.items()
            if file.sum.startswith("sha256:") and _can_be_named(path)
        }
        own = part.get("sha256")
        if sums and (own is None or isinstance(own, Mapping)):
            part["sha256"] = {**sums, **(own or {})}
    size = sum(file.bytes for file in chosen.values())
    if size and part.get("bytes") is None:
        part["bytes"] = size


def _can_be_named(path: str) -> bool:
    """Whether the settings can name this file; a space in a name is no reason to refuse a model."""
    try:
        _FILE.validate_python(path)
    except ValidationError:
        return False
    return True


def _patterns(part: Mapping[str, Any]) -> list[str]:
    include = part.get("include", Weights.model_fields["include"].default)
    given = include if isinstance(include, (list, tuple)) else ()
    return [each for each in given if isinstance(each, str)]


def _driver(nvidia: object, pins: Pins) -> object:
    """A branch without a version gets the one that the lock has for it."""
    if not isinstance(nvidia, Mapping) or nvidia.get("version") is not None:
        return nvidia
    version = pins.section.packages.get(DRIVER.format(branch=nvidia.get("branch")))
    return {**nvidia, "version": version} if version else nvidia


def _missing(found: Lockable, what: str, pins: Pins) -> Problem:
    return found.wrong(f"{what} is not in {pins.file}", "", pins.command)


def _copied(model: object) -> object:
    """A copy as deep as what is written into: the inventory's own objects stay as they are."""
    if not isinstance(model, Mapping):
        return model
    out = dict(model)
    adapters, speculative = out.get("lora"), out.get("speculative")
    if isinstance(adapters, (list, tuple)):
        out["lora"] = [dict(each) if isinstance(each, Mapping) else each for each in adapters]
    if isinstance(speculative, Mapping):
        draft = speculative.get("draft")
        copy = dict(draft) if isinstance(draft, Mapping) else draft
        out["speculative"] = {**speculative, **({"draft": copy} if "draft" in speculative else {})}
    return out


def _at(data: Any, place: Place) -> dict[str, Any]:
    for part in place:
        data = data[part]
    found: dict[str, Any] = data
    return found
