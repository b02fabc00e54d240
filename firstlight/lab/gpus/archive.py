"""The SIMULATED vendor's archive: built once, signed with keys of its own, kept by content key."""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from firstlight.errors import FirstlightError
from firstlight.lab.command import run
from firstlight.lab.gpus import debfile, index
from firstlight.lab.gpus.packages import driver, kernel, toolkit
from firstlight.lab.lock import locked
from firstlight.lab.state import read_json, write_json

BUILD_SECONDS = 300.0
VARIANTS = "variants"
NEWER, STRANGER = "newer", "stranger"
"""Other indexes of the same repositories: one with a newer driver, one that a stranger signed."""
TRIPLETS = {"amd64": ("x86_64-linux-gnu", "x86_64"), "arm64": ("aarch64-linux-gnu", "sbsa")}


@dataclass(frozen=True)
class Repository:
    """A flat repository: ``path`` below the archive's root."""

    name: str
    path: str
    recipes: tuple[debfile.Recipe, ...]
    newer: tuple[debfile.Recipe, ...] = ()


def architecture() -> str:
    """Debian's name of the machine's architecture, if the archive can be made for it."""
    found = run("dpkg", "--print-architecture").strip()
    if found not in TRIPLETS:
        raise FirstlightError(
            "the lab has no SIMULATED driver for this machine",
            why=f"its architecture is {found}, not {' or '.join(TRIPLETS)}",
            fix="firstlight lab up without --gpus",
        )
    return found


def repositories(machine: str, running: str) -> tuple[Repository, ...]:
    """All repositories, for an architecture and the kernel release that runs."""
    triplet = TRIPLETS[machine][0]
    drivers = [each for version in driver.VERSIONS for each in driver.recipes(version, triplet)]
    tools = [each for version in toolkit.VERSIONS for each in toolkit.recipes(version, triplet)]
    newer = driver.recipes(driver.NEWER, triplet)
    cuda = Repository(
        "cuda", f"cuda/debian13/{TRIPLETS[machine][1]}", (*drivers, *driver.once()), tuple(newer)
    )
    return (
        cuda,
        Repository("toolkit", f"toolkit/deb/{machine}", tuple(tools)),
        Repository("kernel", "kernel", tuple(kernel.recipes(running))),
    )


def key(machine: str, running: str) -> str:
    """Content key: the code and the texts that decide what is in the archive, and the machine."""
    digest = hashlib.sha256(f"{machine} {running}".encode())
    folder = Path(__file__).parent
    files = [folder / name for name in ("archive.py", "debfile.py", "index.py")]
    for path in [
        *files,
        *sorted(folder.glob("packages/*.py")),
        *sorted(folder.glob("packages/files/*")),
    ]:
        digest.update(f"\0{path.name}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:12]


def ensure(cache_dir: Path, say: Callable[[str], None]) -> Path:
    """The archive's folder in the cache, built now if it is not there yet (a few seconds)."""
    machine, running = architecture(), platform.release()
    folder = cache_dir / "gpu-archive"
    folder.mkdir(parents=True, exist_ok=True)
    cache_dir.chmod(0o700)
    done = folder / key(machine, running)
    if not done.is_dir():
        with locked(folder / f"{done.name}.lock", f"building {done.name}", BUILD_SECONDS):
            if not done.is_dir():
                say("building the SIMULATED GPU vendor's packages (once; some seconds)")
                _build(repositories(machine, running), machine, done.with_suffix(".partial"), done)
            (folder / f"{done.name}.lock").unlink(missing_ok=True)
    return done


def described(archive: Path) -> dict[str, Any]:
    """Path, key file's name and fingerprint of each repository."""
    return read_json(archive / "archive.json") or {}


def _build(known: Iterable[Repository], machine: str, workplace: Path, done: Path) -> None:
    if workplace.exists():
        shutil.rmtree(workplace)
    workplace.mkdir(mode=0o700)
    told = {each.name: _repository(each, machine, workplace) for each in known}
    write_json(workplace / "archive.json", told)
    workplace.rename(done)


def _repository(repository: Repository, machine: str, root: Path) -> dict[str, str]:
    folder = root / repository.path
    folder.mkdir(parents=True)

    def built(recipe: debfile.Recipe) -> str:
        return debfile.build(recipe, machine, folder).stanza

    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        stanzas = list(pool.map(built, repository.recipes))
        newer = list(pool.map(built, repository.newer))
    label = f"firstlight-lab-{repository.name}"
    index.write(folder, stanzas, label)
    kept = root.parent / "keys" / f"{repository.name}.key"
    with index.key(f"SIMULATED {label}", kept) as key_pair:
        key_pair.sign(folder)
        if newer:
            other = root / VARIANTS / NEWER / repository.path
            index.write(other, stanzas + newer, label)
            key_pair.sign(other)
        (root / f"{repository.name}.asc").write_text(key_pair.public, encoding="utf-8")
        told = {"path": f"{repository.path}/", "fingerprint": key_pair.fingerprint}
    with index.key(f"SIMULATED stranger of {label}") as stranger:
        strange = root / VARIANTS / STRANGER / repository.path
        index.write(strange, stanzas, label)
        stranger.sign(strange)
    return told
