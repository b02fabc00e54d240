"""llama.cpp's server from Debian's package: the lab's default engine, 35 MiB when it runs."""

from __future__ import annotations

from pathlib import Path

from firstlight.lab.images import debian
from firstlight.lab.images.oci import ImageConfig
from firstlight.lab.images.recipe import Recipe

SUITE = "forky"
"""The first suite that has llama.cpp."""
PACKAGES = ("llama.cpp-tools", "curl")


def build(root: Path) -> None:
    """Make the root: 130 MB, 15 to 30 s."""
    debian.make(root, SUITE, PACKAGES)
    app = root / "app"
    app.mkdir()
    (app / "llama-server").symlink_to("/usr/bin/llama-server")
    debian.clean(root)


RECIPE = Recipe(
    engine="llamacpp",
    repository="ggml-org/llama.cpp",
    config=ImageConfig(
        entrypoint=("/app/llama-server",),
        environment={"LLAMA_ARG_HOST": "0.0.0.0", "LC_ALL": "C.UTF-8"},
        working_directory="/app",
        port=8080,
        labels={"org.opencontainers.image.title": "llama.cpp server from Debian, for a lab"},
    ),
    build=build,
    architectures=("amd64", "arm64"),
    sources=("llamacpp.py",),
)
