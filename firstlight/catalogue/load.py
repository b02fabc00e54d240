"""Reads the catalogue's files, once per process."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any, Literal, TypeVar

from firstlight.catalogue.row import (
    Archive,
    EngineRow,
    ModelRow,
    RefusedModel,
    Row,
    System,
    Use,
)

AnyRow = TypeVar("AnyRow", bound=Row)


def table(name: str) -> dict[str, Any]:
    """The catalogue's file ``name``, as it is written."""
    return tomllib.loads(files(__package__).joinpath(f"{name}.toml").read_text("utf-8"))


def rows(table: dict[str, Any], kind: type[AnyRow]) -> MappingProxyType[str, AnyRow]:
    """``table``'s rows by name, each validated."""
    # TOML knows arrays and no tuples; strictness is kept for everything else.
    found = {name: kind.model_validate(_tupled(row)) for name, row in table.items()}
    return MappingProxyType(found)


def _tupled(row: dict[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in row.items()}


@cache
def models() -> MappingProxyType[str, ModelRow]:
    """Models by short name: one file per family."""
    families = files(__package__).joinpath("models").iterdir()
    texts = [each.read_text("utf-8") for each in families if each.name.endswith(".toml")]
    found = {name: row for text in texts for name, row in tomllib.loads(text).items()}
    return rows(dict(sorted(found.items())), ModelRow)


@cache
def refused_models() -> MappingProxyType[str, RefusedModel]:
    """Models that are asked for and cannot be had, by a name of their own."""
    return rows(table("refused"), RefusedModel)


@cache
def uses() -> MappingProxyType[str, Use]:
    """Uses of models by name."""
    return rows(table("uses"), Use)


@cache
def engines() -> MappingProxyType[str, EngineRow]:
    """Engines by name."""
    return rows(table("engines"), EngineRow)


@cache
def systems() -> MappingProxyType[str, System]:
    """Supported operating systems by "id version"."""
    return rows(table("systems")["system"], System)


@cache
def docker_archive(manager: Literal["apt", "dnf"] = "apt") -> Archive:
    """Docker's own package archive for a package manager."""
    name = {"apt": "docker", "dnf": "docker-rpm"}[manager]
    return Archive.model_validate(table("systems")[name])
