"""Packages of the GPU layer that cannot be had or may not move: nothing is half-done, all goes on."""

from __future__ import annotations

import pytest

from tests.lab.archive import faulty
from tests.lab.gpu_rack import DRIVER, GpuRack
from tests.lab.refused import explained, untouched
from tests.lab.test_apt import apt_in_use


def as_before(lab: GpuRack, host: str = "lab1") -> None:
    """Driver 580 works, is whole and held, and apt keeps to its branch."""
    assert lab.driver(host) == DRIVER
    assert lab.installed(host, "nvidia-driver-cuda").startswith(DRIVER)
    assert lab.left(host) == []


def test_a_held_lock_is_waited_for_and_its_holder_named(card: GpuRack) -> None:
    with untouched(card), apt_in_use(card, 600) as pid:
        run = card.gpu("lab1", base={"apt_lock_timeout": 2}, branch=595)
    explained(run, "apt is in use by another program", "base.apt_lock_timeout", f"(pid {pid})")
    as_before(card)


def test_an_archive_that_a_stranger_signed_changes_nothing(card: GpuRack) -> None:
    # With lists that the right key signed apt would go on; what they name is still to be had.
    card.sh("lab1", "rm -f /var/lib/apt/lists/*cuda*")
    with untouched(card), faulty(card.state, variant="stranger"):
        run = card.gpu("lab1", branch=595)
    explained(
        run, "cannot be installed together; nothing was changed", "is not signed", "run again"
    )
    as_before(card)


def test_an_archive_that_is_down_changes_nothing(card: GpuRack) -> None:
    card.sh("lab1", "apt-get clean; rm -f /var/lib/apt/lists/*cuda*")
    with untouched(card), faulty(card.state, status={"*": 503}):
        run = card.gpu("lab1", branch=595)
    explained(run, "nothing was changed", "503", "apt-get update", "run again")
    as_before(card)


def test_another_entry_of_the_same_repository_is_set_aside(card: GpuRack) -> None:
    """With two keys for one repository apt reads none of its repositories."""
    url, theirs = (
        card.declared("lab1")["toolkit_repository"]["url"],
        "/etc/apt/sources.list.d/theirs.list",
    )
    card.sh(
        "lab1",
        f"cp /etc/apt/keyrings/nvidia-container-toolkit.asc /usr/share/keyrings/theirs.asc; "
        f"echo 'deb [signed-by=/usr/share/keyrings/theirs.asc] {url} /' >{theirs}",
    )
    assert "Signed-By" in card.sh("lab1", "apt-get -qq update 2>&1 || true").out
    run = card.gpu("lab1")
    assert run.code == 0, run.text
    kept = card.sh(
        "lab1", f"apt-get -qq update; cat {theirs}.before-firstlight.disabled; rm {theirs}.*"
    )
    assert url in kept.out
    as_before(card)


@pytest.mark.parametrize("repository", ["repository", "toolkit_repository"])
def test_a_key_of_another_fingerprint_is_refused_and_not_trusted(
    card: GpuRack, repository: str
) -> None:
    declared = card.declared("lab1")
    other = {"repository": "toolkit_repository", "toolkit_repository": "repository"}[repository]
    swapped = {**declared[repository], "key": declared[other]["key"]}
    with untouched(card):
        run = card.gpu("lab1", **{repository: swapped})
    wanted, found = declared[repository]["fingerprint"], declared[other]["fingerprint"]
    explained(run, "refused, nothing was changed", f"nvidia.{repository}.key", wanted, found)


def test_a_hold_of_the_operators_is_not_lifted(card: GpuRack) -> None:
    card.sh("lab1", "apt-mark -qq hold libcuda1")
    try:
        with untouched(card):
            run = card.gpu("lab1", branch=595)
        assert "libcuda1" in card.sh("lab1", "apt-mark showhold").out.split()
    finally:
        card.sh("lab1", "apt-mark -qq unhold libcuda1")
    explained(run, "nothing was changed", "libcuda1", "apt-mark showhold")
    as_before(card)
