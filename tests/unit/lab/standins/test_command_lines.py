"""What firstlight starts each engine with is what the stand-in's documented program takes."""

from __future__ import annotations

import pytest

from firstlight.engines import ENGINES
from firstlight.engines.instance import Instance
from firstlight.lab.images.standins import flags
from firstlight.lab.inventory import ENGINE_SETTINGS
from firstlight.settings import Model

# The words of the command that come before the flags, and the list of flags.
PROGRAMS = {
    "sglang": (("python3", "-m", "sglang.launch_server"), "sglang"),
    "tgi": ((), "tgi"),
    "triton": (
        ("python3", "/opt/tritonserver/python/openai/openai_frontend/main.py"),
        "triton-openai",
    ),
}
MODEL = {
    "name": "tiny",
    "weights": f"hf://firstlight/tiny@{'0' * 40}",
    "image": f"registry.example.net/engine@sha256:{'0' * 64}",
    "include": ("*",),
    "context": 2048,
    "port": 8000,
    "gpus": 0,
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_stand_in_takes_firstlights_command_line(name: str) -> None:
    program, listed = PROGRAMS[name]
    model = Model.model_validate({**MODEL, "engine": name, **ENGINE_SETTINGS[name]})
    command = ENGINES[name].container(Instance(model, port=8000)).command
    assert command[: len(program)] == program
    given = flags.read(listed, command[len(program) :])
    path = flags.last(given, "model-path", "model-id", "model-repository")
    assert path == "/models/tiny"


def test_every_engine_has_an_image_and_settings_in_the_lab() -> None:
    from firstlight.lab.images import RECIPES

    assert set(RECIPES) == set(ENGINE_SETTINGS) == set(ENGINES)
