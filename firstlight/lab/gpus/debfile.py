"""One Debian package, made by dpkg-deb from a recipe."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import dataclass, field
from pathlib import Path

from firstlight.lab.command import run
from firstlight.lab.guest import write

EPOCH = "1700000000"


@dataclass(frozen=True)
class Recipe:
    """What is in a package. ``files`` are texts by path with their mode, ``links`` by path."""

    name: str
    version: str
    description: str
    source: str = ""
    architecture: str = ""
    """Empty: the machine's own."""
    relations: dict[str, str] = field(default_factory=dict)
    """Depends, Conflicts and so on."""
    files: dict[str, tuple[int, str]] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    scripts: dict[str, str] = field(default_factory=dict)
    section: str = "non-free/kernel"


@dataclass(frozen=True)
class Built:
    """A package's file, and its paragraph for an index."""

    path: Path
    stanza: str


def control(recipe: Recipe, machine: str) -> str:
    """The text of the package's control file."""
    fields = {
        "Package": recipe.name,
        "Source": recipe.source,
        "Version": recipe.version,
        "Architecture": recipe.architecture or machine,
        "Maintainer": "firstlight lab <lab@firstlight.invalid>",
        "Section": recipe.section,
        "Priority": "optional",
        **recipe.relations,
        "Description": f"{recipe.description} (SIMULATED)\n A stand-in made by firstlight's lab.",
    }
    return "".join(f"{key}: {value}\n" for key, value in fields.items() if value)


def build(recipe: Recipe, machine: str, folder: Path) -> Built:
    """Build the package into ``folder``; ``machine`` is the architecture of native ones."""
    told = control(recipe, machine)
    tree = folder / f".{recipe.name}_{recipe.version}"
    write(tree / "DEBIAN/control", told, 0o644)
    for name, text in recipe.scripts.items():
        write(tree / "DEBIAN" / name, text, 0o755)
    configuration = [path for path in recipe.files if path.startswith("/etc/")]
    if configuration:
        write(tree / "DEBIAN/conffiles", "".join(f"{p}\n" for p in configuration), 0o644)
    for path, (mode, text) in recipe.files.items():
        write(tree / path.lstrip("/"), text, mode)
    for path, target in recipe.links.items():
        link = tree / path.lstrip("/")
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(target)
    tree.chmod(0o755)
    name = f"{recipe.name}_{recipe.version}_{recipe.architecture or machine}.deb"
    run(
        *("env", f"SOURCE_DATE_EPOCH={EPOCH}", "dpkg-deb", "--root-owner-group", "-Zgzip", "-z1"),
        *("--build", str(tree), str(folder / name)),
        timeout=60,
    )
    shutil.rmtree(tree)
    return Built(folder / name, told + _sums(folder / name))


def _sums(path: Path) -> str:
    data = path.read_bytes()
    return (
        f"Filename: ./{path.name}\nSize: {len(data)}\nSHA256: {hashlib.sha256(data).hexdigest()}\n"
    )
