"""Images that are others and one more layer: what they share, and how they are told apart."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from firstlight.errors import FirstlightError
from firstlight.lab.images import REAL, RECIPES, derived, oci, standin, variants
from firstlight.lab.images.oci import ImageConfig

pytestmark = pytest.mark.skipif(shutil.which("zstd") is None, reason="zstd is not installed")
CONFIG = ImageConfig(("/bin/engine",), {"A": "1"}, "/app", 8000, {"title": "test"})


def blob(layout: Path, digest: str) -> Any:
    return json.loads((layout / "blobs/sha256" / digest.removeprefix("sha256:")).read_bytes())


@pytest.fixture
def base(tmp_path: Path) -> Path:
    root = tmp_path / "base root"
    (root / "bin").mkdir(parents=True)
    (root / "bin/engine").write_text("#!/bin/sh\n")
    oci.write(tmp_path / "base", [root], CONFIG, "amd64")
    return tmp_path / "base"


def test_it_has_the_bases_layers_and_its_own(tmp_path: Path, base: Path) -> None:
    root = tmp_path / "more"
    root.mkdir()
    (root / "note").write_text("next\n")
    changed = replace(CONFIG, entrypoint=("/bin/other",))
    digest = derived.write(tmp_path / "layout", base, root, changed)
    assert digest == oci.digest(tmp_path / "layout") != oci.digest(base)
    old, new = blob(base, str(oci.digest(base))), blob(tmp_path / "layout", digest)
    assert new["layers"][:-1] == old["layers"] and len(new["layers"]) == 2
    image = blob(tmp_path / "layout", new["config"]["digest"])
    assert image["config"]["Entrypoint"] == ["/bin/other"]
    assert len(image["rootfs"]["diff_ids"]) == len(image["history"]) == 2
    name = old["layers"][0]["digest"].removeprefix("sha256:")
    shared = [folder / "blobs/sha256" / name for folder in (base, tmp_path / "layout")]
    assert shared[0].samefile(shared[1])  # linked: nothing of the base is there twice


def test_a_damaged_base_says_what_to_delete(tmp_path: Path, base: Path) -> None:
    (base / "index.json").write_text("{}")
    with pytest.raises(FirstlightError, match="damaged") as told:
        derived.write(tmp_path / "layout", base, tmp_path, CONFIG)
    assert str(base) in told.value.fix


def test_every_image_that_is_not_the_engine_says_so() -> None:
    for engine, recipe in RECIPES.items():
        text = json.dumps(recipe.config.labels)
        assert ("SIMULATED" in text) is (engine not in REAL), engine
    for program in (variants.BROKEN, variants.MUTE, standin.COMMAND, standin.NVIDIA):
        assert "SIMULATED" in program


def test_other_builds_share_the_repository_and_nothing_else() -> None:
    for engine, builds in variants.RECIPES.items():
        recipes = [RECIPES[engine], *builds.values()]
        assert {each.repository for each in recipes} == {RECIPES[engine].repository}
        assert len({each.tag for each in recipes} | {variants.FIRST}) == len(recipes) + 1
        assert len({each.key("amd64") for each in recipes}) == len(recipes)


def test_the_programs_of_a_stand_in_are_all_in_its_layer(tmp_path: Path) -> None:
    for recipe in standin.RECIPES:
        root = tmp_path / recipe.engine
        root.mkdir()
        recipe.build(root)
        found = {path.name for path in (root / standin.HOME / "standins").iterdir()}
        assert {"serving.py", "sglang.flags", f"{recipe.engine}.py"} <= found
        entrypoint = root / recipe.config.entrypoint[0].lstrip("/").replace("bin/", "usr/bin/")
        assert os.access(entrypoint, os.X_OK)
