"""What an engine is to the rest of firstlight: a pure function from a model to a container."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from firstlight.settings import Model

MODELS = "/models"
"""Where the weights stand inside every engine's container, read-only."""


@dataclass(frozen=True)
class Container:
    """How one model runs: everything ``docker run`` needs beyond what all engines share.

    ``port`` is the TCP port inside the container; ``user`` is ``uid:gid``; ``tmpfs`` and
    ``volumes`` are docker's own notations; ``config`` is the text of a configuration file,
    mounted read-only at ``config_path``.
    """

    command: tuple[str, ...]
    port: int
    user: str
    environment: dict[str, str] = field(default_factory=dict)
    tmpfs: tuple[str, ...] = ()
    volumes: tuple[str, ...] = ()
    config: str | None = None
    config_path: str = ""


@dataclass(frozen=True)
class Engine:
    """One kind of engine.

    ``health`` is the HTTP path that answers 200 once requests can be served, ``paths`` the
    exact API paths that clients may reach, ``container`` the pure function that describes
    how a model is run (``weights`` is the folder of the weights inside the container).
    """

    name: str
    health: str
    paths: tuple[str, ...]
    container: Callable[[Model, str], Container]
