"""Whose line wins: what stands elsewhere in sshd's configuration and would make ours worth nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from firstlight.catalogue import supported_system
from firstlight.catalogue.ssh import ssh_row
from firstlight.facts.ssh import DROP_IN, Line
from firstlight.ssh.contradictions import contradictions, in_vain, split
from firstlight.ssh.lines import Group, wanted
from tests.site import Load
from tests.sshd import DEBIAN, FOLDER, INCLUDE, MAIN, read, state


@pytest.fixture
def groups(load: Load) -> tuple[Group, ...]:
    row = ssh_row(supported_system("debian", "13"))
    return wanted(load(ssh={"users": ["ops"]}), row, state())


def said(groups: tuple[Group, ...], *lines: Line) -> list[str]:
    return [str(each) for each in contradictions("gpu1", groups, state(lines=lines))]


def test_debians_own_says_nothing_else(groups: tuple[Group, ...]) -> None:
    assert said(groups, *DEBIAN) == []
    below = (Line(MAIN, "X11Forwarding", "yes"), Line(MAIN, "PasswordAuthentication", "yes"))
    assert said(groups, *DEBIAN, *below) == []  # it comes after ours


@pytest.mark.parametrize("path", ["50-cloud-init.conf", "10-zz.conf", "50-redhat.conf"])
def test_what_is_read_after_ours_does_not_count(groups: tuple[Group, ...], path: str) -> None:
    assert said(groups, *read((path, "PasswordAuthentication", "yes"))) == []


def test_a_policy_that_a_later_file_includes_does_not_count(groups: tuple[Group, ...]) -> None:
    policy = "/etc/crypto-policies/back-ends/opensshserver.config"
    lines = (
        INCLUDE,
        Line(f"{FOLDER}/50-redhat.conf", "Include", policy),
        Line(policy, "Ciphers", "aes256-cbc"),
    )
    assert said(groups, *lines) == []
    early = (INCLUDE, replace(lines[1], path=f"{FOLDER}/05-own.conf"), lines[2])
    assert "Ciphers aes256-cbc" in said(groups, *early)[0]


def test_what_is_read_first_is_named_with_its_file(groups: tuple[Group, ...]) -> None:
    (error,) = said(groups, *read(("01-permitrootlogin.conf", "PermitRootLogin", "yes")))
    assert f"{FOLDER}/01-permitrootlogin.conf" in error
    assert "PermitRootLogin no" in error and '"ssh-root"' in error
    assert said(groups, *read(("00-own.conf", "passwordauthentication", "NO"))) == []
    assert said(groups, *read(("00-own.conf", "ChallengeResponseAuthentication", "yes"))) != []
    above = (Line(MAIN, "MaxSessions", "1"), *DEBIAN)
    assert "MaxSessions 1" in said(groups, *above)[0]


def test_users_add_up_wherever_they_stand(groups: tuple[Group, ...]) -> None:
    (error,) = said(groups, *DEBIAN, Line(MAIN, "AllowUsers", "ops backup"))
    assert "adds up" in error and "ssh.users" in error
    assert said(groups, *DEBIAN, Line(MAIN, "AllowUsers", "ops")) == []


def test_a_match_block_overrides(groups: tuple[Group, ...]) -> None:
    block = Line(MAIN, "PasswordAuthentication", "yes", "Address 10.0.0.0/8")
    (error,) = said(groups, *DEBIAN, block)
    assert "Match Address 10.0.0.0/8" in error
    stricter = Line(MAIN, "PermitTTY", "no", "Group sftp")
    assert said(groups, *DEBIAN, stricter, replace(block, value="no")) == []


def test_without_the_include_nothing_of_ours_is_read(groups: tuple[Group, ...]) -> None:
    (error,) = said(groups, *DEBIAN[1:])
    assert "Include /etc/ssh/sshd_config.d/*.conf" in error
    assert said(groups, replace(INCLUDE, match="User bob"), *DEBIAN[1:]) == [error]
    assert said((), *DEBIAN[1:]) == []


def test_the_order_is_sshds() -> None:
    lines = (Line(MAIN, "Port", "22"), *read(("05-a.conf", "A", "1"), ("20-b.conf", "B", "1")))
    before, after = split(lines)
    assert [line.keyword for line in before] == ["Port", "A"]
    assert [line.keyword for line in after][:2] == ["B", "KbdInteractiveAuthentication"]


def test_ours_in_place_and_in_vain(groups: tuple[Group, ...]) -> None:
    """Only what sshd itself answers shows what no reading of files does."""
    ours = tuple(Line(DROP_IN, k, v) for group in groups for k, v in group.lines)
    answers = {"ops": {"maxsessions": "10", "permitrootlogin": "without-password"}}
    found = state(lines=(INCLUDE, *ours), effective=answers)
    (error,) = in_vain("gpu1", groups, found)
    assert "PermitRootLogin without-password for ops" in str(error)
    drifted = replace(found, lines=(INCLUDE, *ours[1:]))
    assert list(in_vain("gpu1", groups, drifted)) == []  # the next write mends it
