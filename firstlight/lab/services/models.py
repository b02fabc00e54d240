"""What the lab's model hub holds: the tiny model, a gated twin, one padded to 66 MB, and Triton's.

Triton's is a model repository that names the tiny model's backend and no weights: only a
SIMULATED Triton serves it.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

from firstlight.lab import model
from firstlight.lab.services import repository
from firstlight.lab.state import write_json

OWNER = "firstlight"
TINY, GATED, PADDED, TRITON = "tiny", "gated", "padded", "triton"
PADDING = "padding.bin"
PADDING_BYTES = 64 << 20
REPOSITORY = {
    "tiny/config.pbtxt": 'name: "tiny"\nbackend: "vllm"\nmax_batch_size: 0\n',
    "tiny/1/model.json": '{"model": "tiny", "enforce_eager": true}\n',
}
PADDING_SHA256 = "b671d4b830157541456bef7af9ef3cd134677e15be58b5136f3e3ed648feb9e7"


def lay_out(root: Path) -> dict[str, repository.Repository]:
    """Make the hub's files below ``root`` where they are missing or wrong, and read them."""
    repos = root / "repos" / OWNER
    tiny = model.ensure(repos / TINY / repository.MAIN)
    for name in (GATED, PADDED):
        _mirror(tiny, repos / name / repository.MAIN)
    for name, text in REPOSITORY.items():
        path = repos / TRITON / repository.MAIN / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.is_file() or path.read_text() != text:
            path.write_text(text)
    padding = repos / PADDED / repository.MAIN / PADDING
    if not padding.is_file():
        _pad(padding)
    write_json(root / "hub.json", {"gated": [f"{OWNER}/{GATED}"]})
    found = repository.load(root)
    main = found[f"{OWNER}/{PADDED}"].branches[repository.MAIN]
    if main.entries[PADDING].sha256 != PADDING_SHA256:
        _pad(padding)
        found = repository.load(root)
    return found


def described(repositories: dict[str, repository.Repository]) -> dict[str, dict[str, Any]]:
    """The models as they stand in lab.json: repository, commit, bytes."""
    found: dict[str, dict[str, Any]] = {}
    for name, repo in sorted(repositories.items()):
        snapshot = repo.branches[repository.MAIN]
        short = name.partition("/")[2]
        found[short] = {"repo": name, "revision": snapshot.commit, "bytes": snapshot.size}
    return found


def _mirror(source: Path, target: Path) -> None:
    """Hard links: no second copy, and a file that is mended in one is mended in all."""
    target.mkdir(parents=True, exist_ok=True)
    for path in source.iterdir():
        twin = target / path.name
        if not twin.exists() or not twin.samefile(path):
            twin.unlink(missing_ok=True)
            os.link(path, twin)


def _pad(path: Path) -> None:
    """64 MiB of noise that no compression shrinks: time for a test to cut a download short."""
    temporary = path.parents[1] / f".{PADDING}.new"
    temporary.write_bytes(noise(PADDING_BYTES))
    temporary.replace(path)


def noise(size: int) -> bytes:
    """``size`` bytes that look random and are the same every time."""
    return hashlib.shake_256(b"first light padding").digest(size)
