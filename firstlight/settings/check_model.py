"""Contradictions inside one model: its engine, its file, its GPUs, its flags."""

from __future__ import annotations

from collections.abc import Iterator

from firstlight.catalogue import EngineRow, engines
from firstlight.settings.found import shown
from firstlight.settings.model import Model
from firstlight.settings.problem import NOTHING, Problem


def model_contradictions(host: str, at: str, model: Model) -> Iterator[Problem]:
    """Every contradiction in ``model``, which stands at the key ``at`` of ``host``."""
    profile = engines()[model.engine]
    yield from _file(host, at, model, profile)
    if isinstance(model.gpus, tuple) and len(set(model.gpus)) != len(model.gpus):
        twice = sorted({gpu for gpu in model.gpus if model.gpus.count(gpu) > 1})
        found = f"GPU {', '.join(map(str, twice))} more than once"
        yield Problem(host, f"{at}.gpus", found, "each GPU at most once")
    for flag in model.args:
        yield from _flag(host, f'{at}.args["{flag}"]', flag, model.engine, profile)


def _file(host: str, at: str, model: Model, profile: EngineRow) -> Iterator[Problem]:
    key, name = f"{at}.file", model.file
    if profile.single_file and name is None:
        expected = f"the GGUF file inside {model.repo}: {model.engine} serves one file"
        yield Problem(host, key, NOTHING, expected)
    elif profile.single_file and name is not None and not name.endswith(".gguf"):
        yield Problem(host, key, shown(name), "a file that ends in .gguf")
    elif not profile.single_file and name is not None:
        expected = f"no file: {model.engine} serves the whole folder"
        yield Problem(host, key, shown(name), expected)


def _flag(host: str, key: str, flag: str, engine: str, profile: EngineRow) -> Iterator[Problem]:
    meant = _meant(flag, profile)
    if meant in profile.owned:
        setting = profile.owned[meant]
        yield Problem(host, key, f"the flag {meant} of {engine}", f"no such flag: it is {setting}")
    elif meant in profile.refused:
        reason = profile.refused[meant]
        yield Problem(host, key, f"the flag {meant} of {engine}", f"no such flag: {reason}")


def _meant(flag: str, profile: EngineRow) -> str:
    """The owned or refused flag that ``flag`` is, denies or abbreviates; else nothing."""
    names = [*profile.owned, *profile.refused]
    if flag in names or not profile.abbreviates:
        return flag if flag in names else ""
    # Python's argparse: "--no-x" denies "--x", and the start of a flag stands for the whole.
    # Elsewhere "--no-host" can be a flag of its own, as it is in llama.cpp.
    bare = flag.removeprefix("no-")
    return next((name for name in names if len(bare) > 1 and name.startswith(bare)), "")
