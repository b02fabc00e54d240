"""What a role owns on a host: for the manifest, the removal and the documentation."""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass


@dataclass(frozen=True)
class Owned:
    """Paths, units, TCP ports and packages; ``{…}`` stands for a setting or a model's name."""

    files: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    ports: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()


def everything() -> dict[str, Owned]:
    """Return what every role owns, by the role's name."""
    package = importlib.import_module("roles")
    modules = {
        info.name: importlib.import_module(f"roles.{info.name}")
        for info in pkgutil.iter_modules(package.__path__)
    }
    return {name: each.OWNS for name, each in modules.items() if hasattr(each, "OWNS")}
