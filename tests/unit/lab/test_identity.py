"""Names and address ranges of a lab."""

from __future__ import annotations

from ipaddress import IPv4Network
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firstlight.errors import FirstlightError
from firstlight.lab import identity


def test_two_checkouts_and_two_names_are_different_labs(tmp_path: Path) -> None:
    ids = {
        identity.lab_id(tmp_path / place, name) for place in ("a", "b c") for name in ("lab", "t")
    }
    assert len(ids) == 4


def test_the_id_follows_the_real_path(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert identity.lab_id(tmp_path / "link", "lab") == identity.lab_id(tmp_path / "real", "lab")


@settings(deadline=None)
@given(st.from_regex(r"[0-9a-f]{6}", fullmatch=True), st.integers(1, 200))
def test_interface_names_fit_and_addresses_lie_in_the_range(identifier: str, number: int) -> None:
    host = f"lab{number}"
    assert len(identity.bridge_name(identifier)) <= 15
    network = next(identity.candidates(identifier))
    assert network.subnet_of(identity.RANGE)
    address = identity.host_address(network, host)
    assert address in {str(one) for one in network.hosts()} - {identity.bridge_address(network)}


def test_candidates_are_the_same_every_time() -> None:
    assert list(identity.candidates("3fa9c1")) == list(identity.candidates("3fa9c1"))


def test_the_first_range_that_clashes_with_nothing_is_taken() -> None:
    first, second, *_ = identity.candidates("3fa9c1")
    inside_first = IPv4Network((int(first.network_address) + 8, 30))
    default = IPv4Network("0.0.0.0/0")
    assert identity.choose("3fa9c1", [default]) == first
    assert identity.choose("3fa9c1", [default, inside_first]) == second


def test_a_machine_that_uses_everything_is_told_so() -> None:
    with pytest.raises(FirstlightError, match="no free address range"):
        identity.choose("3fa9c1", [IPv4Network("10.0.0.0/8")])
