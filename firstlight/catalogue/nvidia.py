"""NVIDIA's cards and drivers: which branch, modules and packages go with what."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from firstlight.catalogue.load import rows, table
from firstlight.catalogue.nvidia_row import (
    Branch,
    Default,
    DriverSet,
    GpuCard,
    GpuRange,
    Place,
    SigningKey,
    Vendor,
)
from firstlight.catalogue.row import System

RHEL = ("rhel", "rocky", "almalinux")


@cache
def default() -> Default:
    """What is chosen where the inventory does not say."""
    return Default.model_validate(table("drivers")["default"])


@cache
def branches() -> Mapping[int, Branch]:
    """Branches of the driver by number, oldest first."""
    found = rows(table("drivers")["branch"], Branch)
    return MappingProxyType({row.number: row for row in sorted(found.values(), key=_number)})


@cache
def vendor() -> Vendor:
    """NVIDIA's package repositories."""
    return Vendor.model_validate(table("drivers")["repository"])


@cache
def places() -> Mapping[str, Place]:
    """The CUDA repository's parts by system, as in ``debian 13`` or ``rhel 9``."""
    return rows(table("drivers")["place"], Place)


@cache
def signing_keys() -> Mapping[str, SigningKey]:
    """Keys by name."""
    return rows(table("drivers")["key"], SigningKey)


@cache
def driver_sets() -> Mapping[str, DriverSet]:
    """Package names by a name of their own."""
    return rows(table("drivers")["set"], DriverSet)


@cache
def gpu_ranges() -> Mapping[str, GpuRange]:
    """Ranges of PCI device ids by name, lowest first."""
    return rows(table("gpus")["range"], GpuRange)


@cache
def gpu_cards() -> Mapping[str, GpuCard]:
    """Named cards by a short name."""
    return rows(table("gpus")["card"], GpuCard)


def release_of(system: System) -> str:
    """The system as the catalogue names it: ``debian 13``, and ``rhel 9`` for Rocky 9.6."""
    if system.id in RHEL:
        return f"rhel {system.version.split('.')[0]}"
    return f"{system.id} {system.version}"


def driver_set(system: System, origin: str, branch: int) -> DriverSet | None:
    """The package names of ``branch`` on ``system``, or None where there is no such packaging."""
    family = release_of(system) if system.id in RHEL else system.id
    for row in driver_sets().values():
        if (row.family, row.origin) == (family, origin) and row.first <= branch <= row.last:
            return row
    return None


def range_of(device: int) -> GpuRange | None:
    """The range that a PCI device id is in, or None for one that is not known."""
    for row in gpu_ranges().values():
        if int(row.first, 16) <= device <= int(row.last, 16):
            return row
    return None


def card_of(device: int) -> GpuCard | None:
    """The named card with a PCI device id, or None."""
    known = {int(id, 16): row for row in gpu_cards().values() for id in row.ids}
    return known.get(device)


def newest_production() -> int:
    """The newest branch for production that still gets fixes."""
    return max(row.number for row in branches().values() if row.role != "NFB" and not row.ended)


def _number(row: Branch) -> int:
    return row.number
