"""Images of SIMULATED engines: one small Debian with Python, and a layer of programs for each."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from firstlight.lab.images import debian, python_root
from firstlight.lab.images.oci import ImageConfig
from firstlight.lab.images.recipe import Recipe

PROGRAMS = Path(__file__).with_name("standins")
HOME = Path("usr/lib/firstlight-lab")
"""Where the programs lie in an image."""
PACE = {"SIMULATED_TOKEN_SECONDS": "0.02", "SIMULATED_LOAD_SECONDS": "1"}
ENTRY = "opt/nvidia/nvidia_entrypoint.sh"
COMMAND = """#!/bin/sh
# SIMULATED: stands where the engine's own program stands in its image.
PYTHONPATH=/{home} exec /usr/bin/python3 -B -m standins.{module} {words}"$@"
"""
MODULE = """# SIMULATED: stands where the engine's own module stands in its image.
import sys

sys.path.insert(0, "/{home}")
from standins.{module} import main

main([{words}*sys.argv[1:]])
"""
# What NVIDIA's images start with, after it has shown its banner.
NVIDIA = """#!/bin/sh
echo "SIMULATED image of a firstlight lab" >&2
exec "$@"
"""


def _base(root: Path) -> None:
    python_root.make(root)
    debian.clean(root)


def _layer(files: dict[str, str]) -> Callable[[Path], None]:
    """Return what fills a layer with all programs and ``files``, which can be run."""

    def build(root: Path) -> None:
        target = root / HOME / PROGRAMS.name
        target.mkdir(parents=True)
        for path in sorted([*PROGRAMS.glob("*.py"), *PROGRAMS.glob("*.flags")]):
            shutil.copyfile(path, target / path.name)
        for name, text in files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            path.chmod(0o755)

    return build


def _command(module: str, words: str = "") -> str:
    return COMMAND.format(home=HOME, module=module, words=words)


def _module(module: str, words: str = "") -> str:
    return MODULE.format(home=HOME, module=module, words=words)


BASE = Recipe(
    engine="standin",
    repository="firstlight/standin",
    config=ImageConfig(entrypoint=("/usr/bin/python3",)),
    build=_base,
    architectures=("amd64", "arm64"),
    sources=("standin.py", python_root.SOURCE),
)


def _recipe(
    engine: str,
    repository: str,
    *,
    entrypoint: str,
    port: int,
    files: dict[str, str],
    environment: dict[str, str] | None = None,
) -> Recipe:
    title = f"SIMULATED {engine}, for a lab: no model is run"
    return Recipe(
        engine=engine,
        repository=repository,
        config=ImageConfig(
            entrypoint=(entrypoint,),
            environment={"LC_ALL": "C.UTF-8", **PACE, **(environment or {})},
            port=port,
            labels={"org.opencontainers.image.title": title},
        ),
        build=_layer(files),
        architectures=BASE.architectures,
        sources=tuple(
            sorted(
                f"{PROGRAMS.name}/{path.name}"
                for path in PROGRAMS.iterdir()
                if path.suffix in (".py", ".flags")
            )
        ),
        base=BASE,
    )


RECIPES = (
    _recipe(
        "ollama",
        "ollama/ollama",
        entrypoint="/bin/ollama",
        port=11434,
        files={"usr/bin/ollama": _command("ollama")},
        environment={"OLLAMA_HOST": "0.0.0.0:11434", "NVIDIA_VISIBLE_DEVICES": "all"},
    ),
    _recipe(
        "sglang",
        "lmsysorg/sglang",
        entrypoint=f"/{ENTRY}",
        port=30000,
        files={
            ENTRY: NVIDIA,
            "usr/lib/python3/dist-packages/sglang/launch_server.py": _module("sglang"),
        },
    ),
    _recipe(
        "tgi",
        "huggingface/text-generation-inference",
        entrypoint="/tgi-entrypoint.sh",
        port=80,
        files={
            "tgi-entrypoint.sh": _command("tgi"),
            "usr/bin/text-generation-launcher": _command("tgi"),
        },
        environment={"PORT": "80", "HF_HOME": "/data"},
    ),
    _recipe(
        "triton",
        "nvidia/tritonserver",
        entrypoint=f"/{ENTRY}",
        port=8000,
        files={
            ENTRY: NVIDIA,
            "opt/tritonserver/bin/tritonserver": _command("triton"),
            "usr/bin/tritonserver": _command("triton"),
            "opt/tritonserver/python/openai/openai_frontend/main.py": _module(
                "triton", '"openai", '
            ),
        },
    ),
)
