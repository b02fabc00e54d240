"""Reads the catalogue's files, once per process."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any, TypeVar

from firstlight.catalogue.row import Archive, EngineRow, ModelRow, Row, System

AnyRow = TypeVar("AnyRow", bound=Row)


def _table(name: str) -> dict[str, Any]:
    return tomllib.loads(files(__package__).joinpath(f"{name}.toml").read_text("utf-8"))


def _rows(table: dict[str, Any], kind: type[AnyRow]) -> MappingProxyType[str, AnyRow]:
    # TOML knows arrays and no tuples; strictness is kept for everything else.
    rows = {name: kind.model_validate(_tupled(row)) for name, row in table.items()}
    return MappingProxyType(rows)


def _tupled(row: dict[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in row.items()}


@cache
def models() -> MappingProxyType[str, ModelRow]:
    """Models by short name."""
    return _rows(_table("models"), ModelRow)


@cache
def engines() -> MappingProxyType[str, EngineRow]:
    """Engines by name."""
    return _rows(_table("engines"), EngineRow)


@cache
def systems() -> MappingProxyType[str, System]:
    """Supported operating systems by "id version"."""
    return _rows(_table("systems")["system"], System)


@cache
def docker_archive() -> Archive:
    """Docker's own package archive."""
    return Archive.model_validate(_table("systems")["docker"])
