"""Other builds of an engine's image: for upgrades one that works and two that do not, and such.

Each is the image itself and one tiny further layer, so it costs next to nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from firstlight.lab.images import llamacpp, standin
from firstlight.lab.images.recipe import Recipe

FIRST = "1"
"""The tag of the image itself, beside those of its other builds."""
VERSION = "org.opencontainers.image.version"
PROGRAM = Path("app/llama-server")
# Words on stderr before it ends, as an engine has that finds its weights wrong.
BROKEN = """#!/bin/sh
echo "llama-server (SIMULATED broken build): loading model" >&2
echo "error: this build cannot read the model's tensors" >&2
exit 1
"""
MUTE = """#!/bin/sh
echo "llama-server (SIMULATED mute build): it never answers" >&2
exec sleep infinity
"""


def _next(root: Path) -> None:
    note = root / "usr/share/firstlight-lab/build"
    note.parent.mkdir(parents=True)
    note.write_text("the same server, another build\n")


def _program(text: str) -> Callable[[Path], None]:
    def build(root: Path) -> None:
        path = root / PROGRAM
        path.parent.mkdir(parents=True)
        path.write_text(text)
        path.chmod(0o755)

    return build


def _variant(base: Recipe, name: str, tag: str, build: Callable[[Path], None]) -> Recipe:
    config = replace(base.config, labels={**base.config.labels, VERSION: tag})
    return replace(
        base,
        engine=f"{base.engine}-{name}",
        config=config,
        build=build,
        sources=("variants.py",),
        base=base,
        tag=tag,
    )


def _spilling(base: Recipe) -> Recipe:
    """An Ollama that finds room for half of a model in GPU memory, and says so when asked."""
    found = _variant(base, "spilling", "spilling", _next)
    variables = {**found.config.environment, "SIMULATED_VRAM_SHARE": "0.5"}
    return replace(found, config=replace(found.config, environment=variables))


OLLAMA = next(each for each in standin.RECIPES if each.engine == "ollama")
RECIPES: dict[str, dict[str, Recipe]] = {
    llamacpp.RECIPE.engine: {
        "next": _variant(llamacpp.RECIPE, "next", "2", _next),
        "broken": _variant(llamacpp.RECIPE, "broken", "broken", _program(BROKEN)),
        "mute": _variant(llamacpp.RECIPE, "mute", "mute", _program(MUTE)),
    },
    OLLAMA.engine: {"spilling": _spilling(OLLAMA)},
}
