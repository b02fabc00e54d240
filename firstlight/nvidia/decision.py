"""What the GPU layer of one host shall be: every choice made, with its reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Source = Literal["cuda-repo", "distro", "preinstalled"]
Modules = Literal["open", "proprietary"]


@dataclass(frozen=True)
class Want:
    """A package that shall be installed, at a version that begins with ``series``.

    ``series`` is empty where any version does (the name itself carries the branch), a branch
    (``580.``) or a whole upstream version (``1.20.0``). Epoch and revision are the package's own.
    """

    name: str
    series: str = ""


@dataclass(frozen=True)
class Repository:
    """A vendor's package repository: flat, signed by one key.

    ``name`` names its files on the host; ``key`` is the armored key's text, whose fingerprint
    was checked; ``components`` is empty for a flat one (``URL /``).
    """

    name: str
    url: str
    key: str
    fingerprint: str


@dataclass(frozen=True)
class Decision:
    """The GPU layer of one host.

    ``pinning`` goes in before everything else, ``driver`` and ``headers`` in one transaction,
    ``toolkit`` all at one version, ``absent`` are packages of another branch or flavour that have
    to leave in the same transaction. ``units`` are to be enabled, in this order. ``reasons`` are
    sentences for the operator, one per choice; ``warnings`` what they should know. ``displaced``
    are files of apt that name the same repositories under another key: beside ``repositories``
    apt would read nothing at all, so they are moved aside.
    """

    source: Source
    branch: int
    version: str
    modules: Modules
    repositories: tuple[Repository, ...]
    pinning: tuple[Want, ...]
    driver: tuple[Want, ...]
    headers: tuple[Want, ...]
    toolkit: tuple[Want, ...]
    units: tuple[str, ...]
    count: int
    fabric: bool = False
    kernel_modules: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    module_stream: str = ""
    reasons: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    displaced: tuple[str, ...] = ()

    @property
    def driver_is_ours(self) -> bool:
        """Whether firstlight installs the driver, rather than using the one that is there."""
        return self.source != "preinstalled"
