"""What a role owns on a host: for the manifest, the removal and the documentation."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Owned:
    """Paths, units, TCP ports and packages; ``{…}`` stands for a setting or a model's name."""

    files: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    ports: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
