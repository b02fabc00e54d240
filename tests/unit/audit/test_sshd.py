"""sshd is asked for every account, and compared with what deploys/ssh.py writes."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from firstlight import audit_plan
from firstlight.audit import access, sshd
from firstlight.audit.account import Account
from firstlight.audit.inside import Inside
from firstlight.facts.ssh import DROP_IN, Line, SshState
from firstlight.ssh.lines import Group
from tests.site import Load
from tests.sshd import FOLDER, INCLUDE, read, state

GROUPS = (
    Group("ssh-keys-only", "", (("PasswordAuthentication", "no"),)),
    Group("ssh-root", "", (("PermitRootLogin", "no"),)),
    Group("ssh-users", "", (("AllowUsers", "ops bob"),)),
    Group("ssh-algorithms", "", (("Ciphers", "aes256-gcm@openssh.com"),)),
    Group("ssh-features", "", (("X11Forwarding", "no"),)),
)
WELL = {
    "passwordauthentication": "no",
    "permitrootlogin": "no",
    "allowusers": "bob ops",
    "ciphers": "aes256-gcm@openssh.com",
    "x11forwarding": "no",
}
USERS = ("root", "ops", "bob")


def well(**bob: str) -> SshState:
    effective = {user: dict(WELL) for user in USERS}
    effective["bob"] |= bob
    return state(effective=effective)


def found(there: SshState) -> list[tuple[str, str]]:
    return [(each.control, each.level) for each in sshd.gaps("gpu1", GROUPS, there)]


def test_as_it_was_written_nothing_is_found() -> None:
    assert found(well()) == []
    assert found(SshState()) == []


def test_a_match_block_for_one_account_is_found_with_its_line() -> None:
    block = [
        Line(f"{FOLDER}/05-x.conf", keyword, value, "User bob")
        for keyword, value in (("PasswordAuthentication", "yes"), ("X11Forwarding", "yes"))
    ]
    there = state(effective=well().effective, lines=(INCLUDE, *block))
    one, two = sshd.gaps("gpu1", GROUPS, there)
    assert (one.control, one.level) == ("ssh-keys-only", "fail")
    assert f"{FOLDER}/05-x.conf" in one.why and "Match User bob" in one.why
    assert "take that line away" in one.fix
    assert (two.control, two.level) == ("ssh-features", "warn")


def test_a_file_that_sshd_reads_first_is_found() -> None:
    there = state(effective=well().effective, lines=read(("05-x.conf", "Ciphers", "+aes128-cbc")))
    (one,) = sshd.gaps("gpu1", GROUPS, there)
    assert (one.control, one.level) == ("ssh-algorithms", "warn") and "+aes128-cbc" in one.what


def test_what_sshd_answers_counts_where_no_line_says_why() -> None:
    (one,) = sshd.gaps("gpu1", GROUPS, well(passwordauthentication="yes"))
    assert (one.control, one.level) == ("ssh-keys-only", "fail")
    assert "for bob" in one.what and one.fix == "run deploys/ssh.py"
    assert found(well(allowusers="")) == [("ssh-users", "fail")]
    # A release that does not know a keyword says nothing of it; "no" takes away more than we do.
    assert found(well(ciphers="")) == []


def test_that_our_file_is_not_read_is_said_once() -> None:
    there = state(effective=well().effective, lines=(Line(DROP_IN, "X11Forwarding", "no"),))
    assert found(there) == [("ssh-keys-only", "fail")]


def test_a_configuration_that_is_broken_is_found() -> None:
    assert found(state(problem="line 3: Bad option")) == [("ssh-keys-only", "fail")]


def test_passwords_are_found_for_any_account_and_told_once() -> None:
    word = {**WELL, "passwordauthentication": "yes"}
    many = {f"user{number}": word for number in range(9)}
    (one,) = access.ssh("gpu1", {"root": WELL, "ops": WELL, **many})
    assert one.control == "user-password-login" and "user0, user1" in one.what
    assert one.what.endswith("user5 and 3 more in by a password")
    assert "user=user0" in one.why


def test_a_password_beside_a_key_is_no_way_in() -> None:
    word = {**WELL, "passwordauthentication": "yes", "authenticationmethods": "publickey"}
    assert list(access.ssh("gpu1", {"bob": word})) == []
    both = {**word, "authenticationmethods": "publickey password"}
    assert len(list(access.ssh("gpu1", {"bob": both}))) == 1


def test_sshd_is_asked_for_every_account_that_can_log_in(
    load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: dict[str, Any] = {}

    def get_fact(_: object, **arguments: Any) -> SshState:
        asked.update(arguments)
        return well(passwordauthentication="yes")

    monkeypatch.setattr(audit_plan, "host", SimpleNamespace(name="gpu1", get_fact=get_fact))
    accounts = tuple(
        Account(name, number, 100, shell)
        for number, (name, shell) in enumerate(
            [("bob", "/bin/sh"), ("www", "/usr/sbin/nologin"), *[("x", "/bin/sh")] * 200]
        )
    )
    inside = Inside(accounts=accounts, system=("debian", "13"))
    names = {each.control for each in audit_plan.by_ssh(load(), inside)}
    assert asked["users"][:2] == ("bob", "x") and len(asked["users"]) == audit_plan.ASKED
    assert {"Ciphers", "authenticationmethods"} <= {*asked["keywords"]}
    assert {"user-password-login", "ssh-keys-only"} <= names
    # Of a system that nobody knows, or where SSH is not firstlight's, only who gets in is said.
    for settings, there in (
        (load(), replace(inside, system=("plan9", "4"))),
        (load(ssh={"enabled": False}), inside),
    ):
        names = {each.control for each in audit_plan.by_ssh(settings, there)}
        assert names == {"user-password-login"}
