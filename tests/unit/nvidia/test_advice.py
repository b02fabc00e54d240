"""What the operator is told: cards that are left out, drivers below the floor, new kernels."""

from __future__ import annotations

from dataclasses import replace

import pytest

from firstlight.catalogue import systems
from firstlight.nvidia.choice import chosen_branch
from firstlight.nvidia.decide import decide
from firstlight.nvidia.need import Need
from firstlight.nvidia.obstacles import obstacles
from tests.unit.nvidia.conftest import Wanted
from tests.unit.nvidia.hosts import HGX, HOSTS, KERNEL, NEXT, cards, host, working

ROW = systems()["debian 12"]
GT_710 = 0x128B


def test_an_old_card_for_the_screen_is_left_out(wanted: Wanted) -> None:
    state = host(cards(GT_710) + cards(0x2684))
    assert list(obstacles(wanted(count=1), state, ROW)) == []
    decision = decide(wanted(), state, ROW)
    assert (decision.count, decision.branch, decision.modules) == (1, 580, "open")
    (warning,) = decision.warnings
    assert "10de:128b" in warning and "left out" in warning
    (few,) = obstacles(wanted(count=2), state, ROW)
    assert "1 of 2 GPUs" in str(few)
    (refused,) = obstacles(wanted(), host(cards(GT_710)), ROW)
    assert "branch 470" in str(refused)


def test_mig_counts_the_cards_that_the_driver_runs(wanted: Wanted) -> None:
    state = host(cards(GT_710) + cards(0x2331))
    assert list(obstacles(wanted(mig={"0-1g.10gb": 7}), state, ROW)) == []


def test_a_driver_of_ours_below_the_floor_is_a_warning(wanted: Wanted) -> None:
    old = working("580.95.05", recorded=True)
    (warning,) = decide(wanted(), old, ROW).warnings
    assert "580.95.05 is below 580.159.03" in warning and "580.178.04" in warning
    # What is replaced anyway is nothing to warn of.
    assert decide(wanted(branch=595), old, ROW).warnings == ()
    assert decide(wanted(), working("580.159.03", recorded=True), ROW).warnings == ()


def test_fewer_gpus_than_cards_is_a_warning(wanted: Wanted) -> None:
    state = replace(working("580.178.04"), gpus_on_bus=cards(0x2684, 2))
    (warning,) = decide(wanted(), state, ROW).warnings
    assert warning == "the driver lists 1 of 2 GPUs"


@pytest.mark.parametrize("state", [HGX, HOSTS["b200"]])
def test_a_fabric_that_the_host_below_manages(state: object, wanted: Wanted) -> None:
    on = decide(wanted(), state, ROW)  # type: ignore[arg-type]
    off = decide(wanted(fabric="off"), state, ROW)  # type: ignore[arg-type]
    assert on.fabric and len(on.units) == 2
    assert not off.fabric and len(off.units) == 1 and off.kernel_modules == ()
    extra = {"nvidia-fabricmanager", "nvlsm", "infiniband-diags", "libibumad3"}
    assert not {want.name for want in off.driver} & extra
    assert "no fabric manager: the inventory switches it off (nvidia.fabric)" in off.reasons


def test_which_of_card_and_repository_asks_for_a_newer_branch(wanted: Wanted) -> None:
    need = Need(open_only=("a card of tomorrow",), oldest=590)
    number, why = chosen_branch(wanted(), HOSTS["4090"], ROW, "cuda-repo", need)
    assert number == 595 and "a card here needs 590 or newer" in why
    row = systems()["debian 13"]
    number, why = chosen_branch(wanted(), HOSTS["4090"], row, "cuda-repo", Need())
    assert number == 595 and "repository for debian 13 has none before 590" in why


META = host(cards(0x2684), kernel_metas=frozenset({"linux-image-amd64"}))


def test_headers_come_with_each_new_kernel(wanted: Wanted) -> None:
    decision = decide(wanted(), META, ROW)
    names = [want.name for want in decision.headers]
    assert names == [f"linux-headers-{KERNEL}", f"linux-headers-{NEXT}", "linux-headers-amd64"]
    assert any(each.startswith("linux-headers-amd64: every later") for each in decision.reasons)
    assert decision.warnings == ()
    row = systems()["debian 13"]
    (warning,) = decide(wanted(), META, row).warnings
    assert "linux-headers-amd64 brings the newest kernel along" in warning
    there = replace(META, header_packages=frozenset({"linux-headers-amd64"}))
    assert decide(wanted(), there, row).warnings == ()


def test_headers_on_the_disk_are_not_asked_of_the_archive(wanted: Wanted) -> None:
    state = host(cards(0x2684), headers=frozenset({KERNEL, NEXT}))
    assert decide(wanted(), state, ROW).headers == ()
    packaged = replace(state, header_packages=frozenset({f"linux-headers-{NEXT}"}))
    assert [w.name for w in decide(wanted(), packaged, ROW).headers] == [f"linux-headers-{NEXT}"]


def test_signed_modules_come_with_each_new_kernel(wanted: Wanted) -> None:
    metas = frozenset({"linux-image-generic-hwe-24.04", "linux-image-virtual"})
    state = replace(HOSTS["secure"], kernel_metas=metas)
    decision = decide(wanted(), state, systems()["ubuntu 24.04"])
    names = [want.name for want in decision.driver if want.name.startswith("linux-")]
    modules = "linux-modules-nvidia-580-server-open"
    assert names == [
        f"{modules}-{kernel}" for kernel in (KERNEL, NEXT, "generic-hwe-24.04", "generic")
    ]
    assert decision.headers == ()
