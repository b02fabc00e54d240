"""What has to be done to a host, what is given back, and what is left alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from firstlight.hardening import sysctl
from firstlight.hardening.change import change, gaps
from firstlight.hardening.found import Found
from firstlight.hardening.wanted import GIB, JOURNAL, MODULES, TAKES_DUMPS, Wanted, journal_size
from tests.unit.hardening.host import BARE, EVERY, WANTED, done, without

RP = "net/ipv4/conf/{}/rp_filter"


def test_what_is_done_is_done_once() -> None:
    first = change(WANTED, BARE)
    assert not first.nothing and first.kernel and first.network and first.units
    after = done(BARE)
    assert change(WANTED, after).nothing
    assert list(gaps(WANTED, after)) == []


def test_what_was_before_comes_back_with_the_switch() -> None:
    after = done(BARE)
    off = without("sysctl-sysrq", "sysctl-martians", "mode-cron", "journal", "module-sctp")
    back = change(off, after)
    assert back.kernel == {"kernel/sysrq": "7"}
    assert set(back.network) == {
        f"net/ipv4/conf/{name}/log_martians" for name in ("all", "default")
    }
    assert back.modes == {"/etc/cron.d": "755"}
    assert back.absent == (f"/{JOURNAL}",)
    assert "sctp" not in back.texts[f"/{MODULES}"] and "dccp" in back.texts[f"/{MODULES}"]
    assert change(off, done(after, off)).nothing


def test_all_of_it_comes_back_when_hardening_is_off() -> None:
    nothing = Wanted((), "apt")
    end = done(done(BARE), nothing)
    assert (end.sysctl, end.modes, end.paths) == (BARE.sysctl, BARE.modes, {})
    assert end.before.text == "" and change(nothing, end).nothing


def test_a_second_value_of_somebody_else_is_not_taken_for_the_first() -> None:
    after = done(BARE)
    drifted = replace(after, sysctl={**after.sysctl, "kernel/sysrq": "1"})
    assert list(gaps(WANTED, drifted)) == [("sysctl-sysrq", "kernel.sysrq is 1, not 0")]
    again = done(drifted)
    assert again.before.sysctl["kernel/sysrq"] == "7"


def test_what_somebody_opened_later_is_mended_and_never_given_back() -> None:
    tight = replace(BARE, modes={**BARE.modes, "/etc/shadow": 0o640})
    opened = replace(done(tight), modes={**done(tight).modes, "/etc/shadow": 0o644})
    mended = done(opened)
    assert mended.modes["/etc/shadow"] == 0o640 and "/etc/shadow" not in mended.before.modes
    assert change(replace(WANTED, controls=()), mended).modes.get("/etc/shadow") is None


def test_modes_only_lose_bits() -> None:
    assert change(WANTED, BARE).modes == {"/etc/shadow": "640", "/etc/cron.d": "700"}
    found = replace(BARE, modes={"/home/ada/x": 0o777, "/home/bob": 0o2775})
    assert change(WANTED, found).modes == {"/home/bob": "750"}


def test_a_container_keeps_its_machines_kernel() -> None:
    inside = change(WANTED, replace(BARE, container="systemd-nspawn", apparmor=False))
    assert inside.kernel == {} and inside.network
    assert not {sysctl.KERNEL, f"/{MODULES}"} & set(inside.texts)
    assert "apparmor.service" not in inside.units
    assert "apparmor" not in WANTED.packages(Found(container="docker"))
    assert WANTED.packages(BARE) == ("unattended-upgrades", "apparmor")


def test_a_kernel_without_a_parameter_does_without_it() -> None:
    values = {key: value for key, value in BARE.sysctl.items() if "yama" not in key}
    found = replace(BARE, sysctl=values)
    assert "yama" not in change(WANTED, found).texts[sysctl.KERNEL]
    assert change(WANTED, done(found)).nothing


@pytest.mark.parametrize(
    ("interfaces", "value"),
    [
        ({"eth0"}, "1"),
        ({"eth0", "docker0", "br-0123456789ab", "fl-8000", "veth12", "lo"}, "1"),
        ({"eth0", "wg0"}, "2"),
        ({"eno1", "ib0"}, "2"),
        ({"eno1", "br-mgmt"}, "2"),
        ({"eno1", "br-0123456789abc"}, "2"),
    ],
)
def test_senders_are_looked_at_as_the_host_is_connected(interfaces: set[str], value: str) -> None:
    todo = change(WANTED, replace(BARE, interfaces=frozenset(interfaces)))
    assert {todo.network[RP.format(name)] for name in ("all", "default", "eth0")} == {value}
    assert f"net.ipv4.conf.*.rp_filter = {value}\n" in todo.texts[sysctl.NETWORK]


def test_dumps_are_taken_by_nobody_else() -> None:
    found = replace(BARE, units={**BARE.units, TAKES_DUMPS: ("active", "enabled")})
    assert change(WANTED, found).ended == (TAKES_DUMPS,)
    assert change(without("core-dumps"), found).ended == ()
    after = done(found)
    assert f"unit {TAKES_DUMPS}\n" in after.before.text and change(WANTED, after).nothing
    back = done(after, without("core-dumps"))
    assert back.units[TAKES_DUMPS] == ("active", "enabled") and back.before.units == ()


def test_modules_that_are_loaded_are_told() -> None:
    found = replace(done(BARE), loaded=frozenset({"firewire_core", "ext4"}))
    (gap,) = gaps(WANTED, found)
    assert gap == ("module-firewire", "the module firewire-core is loaded; a reboot is without it")


@pytest.mark.parametrize(
    ("disk", "most"), [(1, GIB // 4), (10 * GIB, GIB // 2), (2000 * GIB, 4 * GIB)]
)
def test_the_journal_is_bounded_by_its_disk(disk: int, most: int) -> None:
    assert journal_size(disk) == most


def test_other_package_managers_have_their_own_updates() -> None:
    wanted = Wanted(EVERY, "dnf")
    assert wanted.packages(BARE) == ("dnf-automatic", "audit")
    todo = change(wanted, replace(BARE, units={}))
    assert "upgrade_type = security\n" in todo.texts["/etc/dnf/automatic.conf"]
    assert todo.units == ("dnf-automatic.timer", "auditd.service")
    assert "/etc/dnf/automatic.conf" not in change(Wanted((), "dnf"), done(BARE, wanted)).absent
