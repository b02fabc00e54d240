"""What a host needs from time to time."""

from __future__ import annotations

import os
from typing import Any

import pytest

from firstlight.exporter import upkeep
from firstlight.exporter.page import Page
from tests.unit.exporter.machine import SPEC, Machine, samples

RUNNING = os.uname().release


def told(machine: Machine, **spec: Any) -> dict[str, float]:
    page = Page()
    upkeep.told(page, {**SPEC, **spec}, machine.root)
    return samples(page)


@pytest.fixture(autouse=True)
def loaded(machine: Machine) -> None:
    machine.stubs.add("nft", 'printf "table inet filter\\ntable inet firstlight\\n"')


def kernel(machine: Machine, release: str, booted: bool = True) -> None:
    machine.put(f"/lib/modules/{release}/modules.dep")
    if booted:
        machine.put(f"/boot/vmlinuz-{release}")


def test_nothing_asks_for_a_reboot(machine: Machine) -> None:
    kernel(machine, RUNNING)
    kernel(machine, "1.2.3")
    kernel(machine, "999.0.0-left-over", booted=False)  # modules that a removed kernel left
    assert told(machine)["reboot_required"] == 0


def test_the_distribution_asks_for_one(machine: Machine) -> None:
    machine.put("/run/reboot-required")
    assert told(machine)["reboot_required"] == 1


def test_a_newer_kernel_waits(machine: Machine) -> None:
    kernel(machine, RUNNING)
    kernel(machine, "999.10.0-1-amd64")
    assert told(machine)["reboot_required"] == 1


def test_a_container_boots_no_kernel(machine: Machine) -> None:
    machine.put("/run/systemd/container", "systemd-nspawn")
    kernel(machine, RUNNING)
    kernel(machine, "999.10.0-1-amd64")
    found = told(machine)
    assert found["reboot_required"] == 0
    assert "clock_synchronized" not in found, "its clock is the machine's"


def test_kernels_have_an_order() -> None:
    releases = ["6.12.9-amd64", "6.9.1-amd64", "6.12.63+deb13-amd64", "5.14.0-570.el9.x86_64"]
    assert max(releases, key=upkeep.version) == "6.12.63+deb13-amd64"
    assert min(releases, key=upkeep.version) == "5.14.0-570.el9.x86_64"


@pytest.mark.parametrize(("error", "kept"), [(250_000, 1), (15_999_999, 1), (16_000_000, 0)])
def test_a_clock_is_right_by_the_kernels_own_account(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, error: int, kept: int
) -> None:
    class Library:
        def __init__(self, *_: object, **__: object) -> None: ...

        def adjtimex(self, timex: Any) -> int:
            struct = (upkeep.ctypes.c_long * 8).from_buffer(timex._obj)
            assert struct[0] == 0, "asked, not set"
            struct[upkeep.MAXERROR_AT] = error
            return 0

    monkeypatch.setattr(upkeep.ctypes, "CDLL", Library)
    assert told(machine)["clock_synchronized"] == kept


def test_the_kernel_does_answer() -> None:
    assert upkeep.clock_synchronised() in (True, False)


def test_the_firewalls_table(machine: Machine) -> None:
    assert told(machine)["firewall_present"] == 1
    machine.stubs.add("nft", 'printf "table inet firstlight-other\\n"')
    assert told(machine)["firewall_present"] == 0
    assert "firewall_present" not in told(machine, firewall=False)


def test_backups(machine: Machine) -> None:
    name = "backup_success_time_seconds"
    assert name not in told(machine)
    expected = {**SPEC["backup"], "expected": True}  # type: ignore[dict-item]
    assert told(machine, backup=expected)[name] == 0
    path = machine.put("/var/lib/firstlight/backup/last", "1795286937 /srv/backup/one\n")
    assert told(machine)[name] == 1795286937
    path.write_text("")
    os.utime(path, (1795280000, 1795280000))
    assert told(machine)[name] == 1795280000
