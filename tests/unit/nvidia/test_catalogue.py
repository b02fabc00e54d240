"""NVIDIA's part of the catalogue: whole, without gaps and overlaps, every row with its source."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest

from firstlight.catalogue import systems
from firstlight.catalogue.nvidia import (
    branches,
    card_of,
    default,
    driver_set,
    driver_sets,
    gpu_cards,
    gpu_ranges,
    newest_production,
    places,
    range_of,
    release_of,
    signing_keys,
    vendor,
)
from firstlight.nvidia.version import branch_of, is_below

NAME = re.compile(r"[a-z0-9][a-z0-9+.-]+")


def test_ranges_do_not_overlap() -> None:
    spans = [(int(row.first, 16), int(row.last, 16)) for row in gpu_ranges().values()]
    assert all(first <= last for first, last in spans)
    assert all(before[1] < after[0] for before, after in pairwise(spans))


def test_every_card_is_in_a_range_and_named_once() -> None:
    ids = [int(id, 16) for row in gpu_cards().values() for id in row.ids]
    assert len(set(ids)) == len(ids)
    for id in ids:
        assert range_of(id) is not None and card_of(id) is not None


@pytest.mark.parametrize(
    ("device", "architecture", "modules"),
    [
        (0x102D, "Kepler or older", "none"),
        (0x133F, "Kepler or older", "none"),
        (0x1340, "Maxwell, Pascal or Volta", "proprietary"),
        (0x1DF6, "Maxwell, Pascal or Volta", "proprietary"),
        (0x1EB8, "Turing", "either"),
        (0x20B0, "Ampere", "either"),
        (0x2330, "Hopper", "either"),
        (0x2684, "Ada", "either"),
        (0x28FF, "Ada", "either"),
        (0x2900, "Blackwell", "open"),
        (0x2BB5, "Blackwell", "open"),
        (0x3182, "Blackwell Ultra", "open"),
    ],
)
def test_architectures(device: int, architecture: str, modules: str) -> None:
    row = range_of(device)
    assert row is not None and (row.architecture, row.modules) == (architecture, modules)


def test_a_newer_id_is_unknown() -> None:
    assert range_of(0x3ABC) is None and card_of(0x3ABC) is None


def test_branches() -> None:
    for number, row in branches().items():
        assert row.number == number and row.source
        assert {branch_of(v) for v in (row.floor, row.newest) if v} <= {number}
        assert not is_below(row.newest or "999", row.floor)
    assert branches()[default().branch].role == "LTSB" and not branches()[default().branch].ended
    assert newest_production() == 595
    assert not is_below(default().toolkit, default().toolkit_floor)


@pytest.mark.parametrize("system", list(systems()))
def test_every_system_has_a_place_and_packages(system: str) -> None:
    row = systems()[system]
    place = places()[release_of(row)]
    assert place.key in signing_keys() and "x86_64" in place.architectures
    fit = [
        n for n, b in branches().items() if n >= place.oldest and b.role != "NFB" and not b.ended
    ]
    assert fit and all(driver_set(row, "cuda-repo", number) for number in fit)


def test_package_names() -> None:
    for row in driver_sets().values():
        names = (*row.pinning, *row.open, *row.proprietary, *row.fabric, *row.subnet)
        for name in (*names, *row.headers, *row.signed_open, *row.signed_proprietary):
            assert NAME.fullmatch(name.format(branch=580, kernel="6.8.0-1-generic")), name


def test_keys_and_urls() -> None:
    assert vendor().toolkit_key in signing_keys()
    for row in signing_keys().values():
        assert re.fullmatch("[0-9A-F]{40}", row.fingerprint) and row.url.startswith("https://")
