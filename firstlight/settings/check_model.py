"""Contradictions inside one model: its engine, its files, its GPUs, its flags."""

from __future__ import annotations

import re
from collections.abc import Iterator

from firstlight.catalogue import EngineRow, engines
from firstlight.settings.check_engine import beyond_the_engine
from firstlight.settings.check_gpus import gpu_contradictions
from firstlight.settings.check_weights import file_contradictions
from firstlight.settings.model import Model
from firstlight.settings.problem import NOTHING, Problem

_SPLIT = re.compile(r"[\s*?\[]")
"""What a shell takes apart or fills in."""


def model_contradictions(host: str, at: str, model: Model) -> Iterator[Problem]:
    """Every contradiction in ``model``, which stands at the key ``at`` of ``host``."""
    profile = engines()[model.engine]
    yield from file_contradictions(host, at, model, profile)
    yield from beyond_the_engine(host, at, model, profile)
    yield from gpu_contradictions(host, at, model, profile)
    yield from _names(host, at, model)
    if model.args and not profile.flags:
        expected = f"nothing: {profile.title} takes no flags, its settings are the model's"
        yield Problem(host, f"{at}.args", f"{len(model.args)} flags", expected)
    for flag, value in model.args.items():
        yield from _flag(host, f'{at}.args["{flag}"]', flag, model.engine, profile)
        if not profile.spaces and isinstance(value, str) and _SPLIT.search(value):
            expected = f"a value without spaces and wildcards: {profile.title} splits it there"
            yield Problem(host, f'{at}.args["{flag}"]', "a text with one", expected)
    if model.engine == "triton" and "tokenizer" not in model.args:
        expected = "the folder of the tokenizer inside the weights (example: qwen/1/tokenizer)"
        yield Problem(host, f'{at}.args["tokenizer"]', NOTHING, expected)


def _names(host: str, at: str, model: Model) -> Iterator[Problem]:
    """Adapters are asked for by name, as the model is."""
    taken = {model.name}
    for index, lora in enumerate(model.lora):
        if lora.name in taken:
            expected = "a name of its own: the model or another adapter has it"
            yield Problem(host, f"{at}.lora[{index}].name", lora.name, expected)
        taken.add(lora.name)


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
    # Elsewhere "--no-host" can be a flag of its own, as it is in llama.cpp. vLLM's parser reads
    # "--x.y" as one key of "--x".
    bare = flag.removeprefix("no-").split(".")[0]
    return next((name for name in names if len(bare) > 1 and name.startswith(bare)), "")
