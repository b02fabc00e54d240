"""Who is as good as root without a password: by sudo in each of its forms, and by a group."""

from __future__ import annotations

from dataclasses import replace

import pytest

from firstlight.audit import access
from firstlight.audit.account import Account
from firstlight.audit.inside import Inside, inside

HOST = inside(
    """@login
user ops
@accounts
0 0 root /bin/bash
1000 1000 ops /bin/bash
1001 1001 bob /bin/bash
1002 998 carol
33 33 www-data /usr/sbin/nologin
@end
""".splitlines()
)


def sudo(found: Inside, *meant: str) -> dict[str, tuple[str, str]]:
    return {
        each.what.removesuffix(" becomes root without a password"): (each.level, each.fix)
        for each in access.accounts("gpu1", found, meant)
        if each.control == "user-sudo"
    }


def test_accounts_are_read() -> None:
    assert HOST.accounts[2:4] == (
        Account("bob", 1001, 1001, "/bin/bash"),
        Account("carol", 1002, 998, ""),
    )
    assert [each.name for each in HOST.accounts if each.logs_in] == ["root", "ops", "bob", "carol"]


@pytest.mark.parametrize(
    ("line", "who"),
    [
        ("bob ALL=(ALL) NOPASSWD: ALL", ["bob"]),
        ("#1002 ALL=(ALL) NOPASSWD: ALL", ["carol"]),
        ("#4711 ALL=(ALL) NOPASSWD: ALL", ["#4711"]),
        ("%admin ALL=(ALL) NOPASSWD: ALL", ["%admin"]),
        ("bob,carol ALL=(ALL) NOPASSWD: ALL", ["bob", "carol"]),
        ("Defaults:carol !authenticate", ["carol"]),
        ("Defaults env_reset, !authenticate", ["everybody in sudoers"]),
        ("Defaults secure_path=/bin", []),
        ("ops ALL=(ALL) NOPASSWD: ALL", []),
    ],
)
def test_whom_sudo_asks_nothing(line: str, who: list[str]) -> None:
    found = sudo(replace(HOST, sudo=(line,)))
    assert [*found] == who
    assert {level for level, _ in found.values()} <= {"warn"}


def test_members_of_dockers_group_are_root() -> None:
    """By the list of the group, and by the account's own first group."""
    found = sudo(replace(HOST, members=("docker:x:998:bob,ops", "lxd:x:990:")))
    assert {*found} == {"bob", "carol"}
    assert found["bob"] == ("warn", "gpasswd -d bob docker, if that is not meant")


def test_whom_the_inventory_names_is_to_be_known_only() -> None:
    line = "bob ALL=(ALL) NOPASSWD: ALL"
    assert sudo(replace(HOST, sudo=(line,)), "bob")["bob"][0] == "note"
