"""What was proven on a host, and the way back to it."""

from __future__ import annotations

import pytest

from firstlight.nvidia import good
from firstlight.nvidia.decision import Want
from tests.gpu import DECISION, PACKAGES, WORKING, state

NOW = good.good_of(WORKING, DECISION)
NEWER_PACKAGES = {
    "nvidia-driver-pinning-595": "595-1",
    "nvidia-driver-cuda": "595.91.07-1",
    "nvidia-kernel-open-dkms": "595.91.07-1",
    "nvidia-container-toolkit": "1.20.0-1",
}
UPGRADED = state(packages=NEWER_PACKAGES, loaded="595.91.07")
NEWER = good.good_of(UPGRADED, DECISION)


def test_what_is_kept_can_be_read() -> None:
    assert good.parsed(good.as_text([NEWER, NOW])) == [NEWER, NOW]
    assert NOW.branch == 580 and "580.178.04" in str(NOW)


@pytest.mark.parametrize("text", [None, "", "{", "[]", '{"proven": [{"kernel": "x"}]}'])
def test_a_torn_file_has_nothing(text: str | None) -> None:
    assert good.parsed(text) == []


def test_the_newest_comes_first_and_the_rest_is_bounded() -> None:
    assert good.with_newest(NEWER, [NOW]) == [NEWER, NOW]
    many = [good.good_of(state(kernel=str(n)), DECISION) for n in range(9)]
    assert len(good.with_newest(NEWER, many)) == good.KEPT


def test_who_has_returned_does_not_go_forward_by_returning_again() -> None:
    assert good.with_newest(NOW, [NEWER, NOW]) == [NOW]
    assert good.to_return_to(WORKING, [NOW]) is None


def test_the_way_back_is_to_what_is_not_installed_now() -> None:
    # Proven and then upgraded: to the one before. An upgrade that was never proven: to the last.
    assert good.to_return_to(UPGRADED, [NEWER, NOW]) == NOW
    assert good.to_return_to(UPGRADED, [NOW]) == NOW
    assert good.to_return_to(UPGRADED, []) is None


def test_a_return_names_every_package_at_its_whole_version() -> None:
    back = good.returned(DECISION, NOW, UPGRADED)
    wants = {
        want.name: want.series
        for want in (*back.pinning, *back.headers, *back.driver, *back.toolkit)
    }
    assert wants == PACKAGES
    assert back.pinning == (Want("nvidia-driver-pinning-580", "580-1"),)
    assert back.absent == ("nvidia-driver-pinning-595",)
    assert (back.branch, back.version) == (580, "580.178.04")


def test_programs_are_held_and_libraries_go_along() -> None:
    there = state(packages={**PACKAGES, "libnvidia-ml1": "580.178.04-1"})
    back = good.returned(DECISION, good.good_of(there, DECISION), UPGRADED)
    assert [want.name for want in back.headers] == ["libnvidia-ml1"]
    assert "libnvidia-ml1" not in [want.name for want in back.driver]
