"""The lab's engine images: made here without a container engine, pushed to the lab's registry.

vLLM and llama.cpp are real and run on the CPU; the others are SIMULATED. Weights are not in the
images.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from firstlight.errors import FirstlightError
from firstlight.lab.command import run
from firstlight.lab.images import (
    dcgm,
    derived,
    grafana,
    llamacpp,
    oci,
    presidio,
    publish,
    standin,
    variants,
    vllm,
)
from firstlight.lab.images.recipe import Recipe
from firstlight.lab.lock import locked
from firstlight.lab.mounts import unmount_below
from firstlight.lab.services import registry
from firstlight.lab.state import Rack

RECIPES: dict[str, Recipe] = {
    each.engine: each for each in (llamacpp.RECIPE, vllm.RECIPE, *standin.RECIPES)
}
REAL = ("llamacpp", "vllm")
"""The engines whose images hold the engine itself; the others' are SIMULATED."""
BUILD_SECONDS = 1800.0
"""How long to wait for another process that builds the same image."""


def ensure(engine: str, rack: Rack) -> str:
    """Build ``engine``'s image if the cache has none, push it if the registry has not.

    Returns its reference, ``ADDRESS:5000/<repository>@sha256:…``. The registry must run.
    Raises :class:`FirstlightError` for an unknown engine or a build that failed.
    """
    recipe = RECIPES.get(engine)
    if recipe is None:
        raise FirstlightError(
            "the lab has no image for this engine",
            where=engine,
            fix=f"one of: {', '.join(sorted(RECIPES))}",
        )
    return _published(recipe, rack)


def ensure_variants(engine: str, rack: Rack) -> dict[str, str]:
    """Have the other builds of ``engine``'s image in the registry: next, broken, mute.

    Returns their references by digest; nothing for an engine that has none.
    """
    found = variants.RECIPES.get(engine, {})
    return {name: _published(recipe, rack) for name, recipe in found.items()}


def ensure_guard(rack: Rack) -> str:
    """Have Presidio's image, for the guard, in the registry; return its reference by digest."""
    return _published(presidio.RECIPE, rack)


def ensure_gpu_exporter(rack: Rack) -> str:
    """Have the SIMULATED DCGM exporter's image in the registry; return its reference by digest."""
    return _published(dcgm.RECIPE, rack)


def ensure_grafana(rack: Rack) -> str:
    """Have the SIMULATED Grafana's image in the registry; return its reference by digest."""
    return _published(grafana.RECIPE, rack)


def tagged(engine: str, reference: str, rack: Rack) -> dict[str, str]:
    """Let tags lead to ``engine``'s image and to its next build; return them as references.

    ``reference`` is that of the image by digest, which the registry has.
    """
    other = variants.RECIPES.get(engine, {}).get("next")
    if other is None:
        return {}
    repository = RECIPES[engine].repository
    publish.retag(repository, reference.rpartition("@")[2], variants.FIRST, rack)
    where = f"{registry.endpoint(rack)}/{repository}"
    return {"first": f"{where}:{variants.FIRST}", "next": f"{where}:{other.tag}"}


def _published(recipe: Recipe, rack: Rack) -> str:
    layout = built(recipe, rack.cache_dir)
    digest = oci.digest(layout)
    if digest is None:
        raise FirstlightError(
            "a cached image is damaged", where=str(layout), fix=f"rm -r '{layout}'"
        )
    return publish.push(layout, recipe.repository, digest, rack, recipe.tag)


def built(recipe: Recipe, cache_dir: Path) -> Path:
    """The image's OCI layout in the cache, made now if it is not there yet."""
    architecture = run("dpkg", "--print-architecture").strip()
    if architecture not in recipe.architectures:
        raise FirstlightError(
            f"the lab's {recipe.engine} image cannot be made on this machine",
            why=f"its architecture is {architecture}, not {' or '.join(recipe.architectures)}",
        )
    folder = cache_dir / "images"
    folder.mkdir(parents=True, exist_ok=True)
    cache_dir.chmod(0o700)
    done = folder / recipe.key(architecture)
    base = None if recipe.base is None or done.is_dir() else built(recipe.base, cache_dir)
    if not done.is_dir():
        with locked(folder / f"{done.name}.lock", f"building {done.name}", BUILD_SECONDS):
            if not done.is_dir():
                _build(recipe, folder / f"{done.name}.partial", done, architecture, base)
            (folder / f"{done.name}.lock").unlink(missing_ok=True)
    return done


def _build(
    recipe: Recipe, workplace: Path, done: Path, architecture: str, base: Path | None
) -> None:
    _discard(workplace)
    workplace.mkdir(mode=0o700)
    try:
        recipe.build(workplace / "root")
        if base is None:
            oci.write(workplace / "layout", [workplace / "root"], recipe.config, architecture)
        else:
            derived.write(workplace / "layout", base, workplace / "root", recipe.config)
        (workplace / "layout").rename(done)
    finally:
        _discard(workplace)


def _discard(workplace: Path) -> None:
    """Delete a workplace; never through a mount that a killed build left behind."""
    if workplace.exists():
        unmount_below(workplace)
        shutil.rmtree(workplace)
