"""Settings of a whole kernel, on a machine that has one: they hold, and hold after a power cut."""

from __future__ import annotations

import pytest

from firstlight.hardening.change import gaps
from tests.lab.vm.conftest import Hardened
from tests.lab.vm.guest import WANTED, Guest
from tests.lab.vm.scripts import CONFINED, CRASH, LOAD, MARK, MODULES, RULES, TIMES

pytestmark = pytest.mark.vm
UNWANTED = MODULES.split()


def test_a_bare_debian_is_open(hardened: Hardened) -> None:
    said = hardened.before.out.splitlines()
    assert said[0] == "crashed with 139 and left 1 dumps"
    assert said[1:-1] == [f"{module} loaded" for module in (*UNWANTED, "dummy")]
    assert said[-1] == "0"


def test_every_control_is_in_force(hardened: Hardened) -> None:
    found = hardened.guest.found()
    assert found.container == "" and found.apparmor
    assert found.sysctl["kernel/kptr_restrict"] == "2"
    assert list(gaps(WANTED, found)) == []


def test_unwanted_modules_are_refused(hardened: Hardened) -> None:
    said = hardened.guest.sh(LOAD).out.splitlines()
    assert said == [*(f"{module} refused" for module in UNWANTED), "dummy loaded"]


def test_a_program_that_crashes_leaves_no_dump(hardened: Hardened) -> None:
    assert hardened.guest.sh(CRASH).out == "crashed with 139 and left 0 dumps\n"


def test_apparmor_keeps_programs_from_what_is_denied(hardened: Hardened) -> None:
    enabled, unit, profiles, denied, allowed = hardened.guest.sh(CONFINED).out.splitlines()
    assert (enabled, unit, allowed) == ("Y", "active", "Etc/UTC")
    assert int(profiles) > 0
    assert denied.endswith("/etc/hostname: Permission denied")


def test_a_change_that_was_cut_off_comes_back_whole(cut: Guest) -> None:
    # That SSH answers is half of it: the rules that were being tried let nobody in.
    rules, state, *log = cut.sh(
        f"grep -c dport {RULES}; ls /var/lib/firstlight/trials/test | grep -c reverted; "
        "journalctl --boot --unit firstlight-trials --output cat --grep '^put back'"
    ).out.splitlines()
    assert int(rules) > 0 and state == "1"
    assert log == ["put back: /var/lib/firstlight/trials/test"]


def test_the_journal_is_there_after_a_power_cut(cut: Guest) -> None:
    assert MARK in cut.sh("journalctl --boot -1 --output cat --no-pager | tail -n 200").out


def test_the_firewall_is_there_before_the_network(cut: Guest) -> None:
    assert "policy drop" in cut.sh("nft list chain inet firstlight input").out
    times = [int(line) for line in cut.sh(TIMES).out.splitlines()]
    trials, firewall, network = times[0:2], times[2:4], times[4:6]
    assert 0 < trials[0] <= trials[1] <= firewall[0] <= firewall[1] <= network[0], times


def test_every_control_is_in_force_after_the_boot(cut: Guest) -> None:
    assert list(gaps(WANTED, cut.found())) == []
