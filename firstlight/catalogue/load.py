"""Reads the catalogue's files, once per process."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any, Literal, TypeVar

from firstlight.catalogue.row import Archive, EngineRow, ModelRow, Row, System

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
    """Models by short name."""
    return rows(table("models"), ModelRow)


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
