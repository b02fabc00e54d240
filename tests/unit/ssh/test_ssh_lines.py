"""What sshd shall be: settings, algorithms by release, controls that are off."""

from __future__ import annotations

from typing import Any

import paramiko
import pytest

from firstlight.catalogue import supported_system, systems
from firstlight.catalogue.controls import controls
from firstlight.catalogue.ssh import ssh_groups, ssh_row, ssh_rows
from firstlight.facts.ssh import DROP_IN, Key
from firstlight.rendering import render
from firstlight.settings import HostSettings, SettingsError
from firstlight.ssh.lines import wanted
from tests.site import Load
from tests.sshd import state

TRIXIE = supported_system("debian", "13")
WEAK = ("sha1", "nistp", "group1-", "group14-sha1", "cbc", "3des", "md5", "arcfour", "-96", "dss")


def lines(settings: HostSettings, **changes: Any) -> dict[str, str]:
    groups = wanted(settings, ssh_row(TRIXIE), state(**changes))
    return {keyword: value for group in groups for keyword, value in group.lines}


@pytest.mark.parametrize("name", ssh_rows())
def test_paramiko_can_speak_with_every_release(name: str) -> None:
    """A list without one of its algorithms would lock pyinfra out of every host at once."""
    row = ssh_rows()[name]
    transport = paramiko.Transport
    for ours, theirs in (
        (row.kex, transport._preferred_kex),
        (row.ciphers, transport._preferred_ciphers),
        (row.macs, transport._preferred_macs),
        (row.host_keys, transport._preferred_keys),
    ):
        assert set(ours) & set(theirs)
    # With an Ed25519 host key alone, too, and not by RSA's grace.
    assert "ssh-ed25519" in row.host_keys and "ssh-ed25519" in transport._preferred_keys
    every = (*row.kex, *row.ciphers, *row.macs, *row.host_keys)
    assert [each for each in every if any(weak in each for weak in WEAK)] == []
    assert not [each for each in row.kex if each.startswith("diffie-hellman")]
    assert all(each.endswith("etm@openssh.com") for each in row.macs)


def test_every_system_has_a_release_of_openssh() -> None:
    for system in systems().values():
        assert ssh_row(system).openssh
        assert ssh_row(system).unit == ("sshd" if system.manager == "dnf" else "ssh")


def test_newer_keywords_stand_only_where_they_are_known(load: Load) -> None:
    for row in ssh_rows().values():
        version = tuple(int(part) for part in row.openssh.split("."))
        found = {k for g in wanted(load(), row, state()) for k, _ in g.lines}
        assert "RequiredRSASize" not in found or version >= (9, 1)
        assert ("PerSourcePenaltyExemptList" in found) == (version >= (9, 8))


def test_what_is_so_by_default(load: Load) -> None:
    found = lines(load())
    assert found["PasswordAuthentication"] == found["KbdInteractiveAuthentication"] == "no"
    assert found["AuthenticationMethods"] == "publickey"
    assert found["PermitRootLogin"] == found["AllowTcpForwarding"] == "no"
    assert int(found["MaxSessions"]) >= 2  # pyinfra opens a second one on its connection
    assert "AllowUsers" not in found
    assert found["PerSourcePenaltyExemptList"] == ",".join(load().firewall.admin)


def test_root_may_where_it_is_named_or_is_who_logs_in(load: Load) -> None:
    assert lines(load(), login="root")["PermitRootLogin"] == "prohibit-password"
    named = lines(load(ssh={"users": ["ops", "root"]}))
    assert named["PermitRootLogin"] == "prohibit-password"
    assert named["AllowUsers"] == "ops root"
    assert lines(load(ssh={"users": ["ops"]}), login="root")["PermitRootLogin"] == "no"


def test_a_jump_host_passes_connections_on(load: Load) -> None:
    found = lines(load(ssh={"forwarding": True}))
    assert found["AllowTcpForwarding"] == "yes" and found["AllowAgentForwarding"] == "no"


def test_a_short_rsa_host_key_is_not_shown_and_not_made_anew(load: Load) -> None:
    both = (Key(256, "a", "ED25519"), Key(2048, "b", "RSA"))
    assert "rsa" not in lines(load(), host_keys=both)["HostKeyAlgorithms"]
    assert "rsa-sha2-512" in lines(load())["HostKeyAlgorithms"]


def test_every_group_has_a_control_and_every_control_its_group(load: Load) -> None:
    groups = wanted(load(ssh={"users": ["ops"]}), ssh_row(TRIXIE), state())
    assert {group.control for group in groups} == {c for c in controls() if c.startswith("ssh-")}
    assert set(ssh_groups()) <= set(controls())
    keywords = [keyword for group in groups for keyword, _ in group.lines]
    assert len(keywords) == len(set(keywords))


def test_what_is_off_is_left_out(load: Load) -> None:
    for control in (each for each in controls() if each.startswith("ssh-")):
        off = load(hardening={"off": {control: "tested"}}, ssh={"users": ["ops"]})
        groups = wanted(off, ssh_row(TRIXIE), state())
        assert control not in {group.control for group in groups}
        assert f"# {control}:" not in render(DROP_IN[1:], groups=groups)


def test_the_file_says_which_control_each_line_is_of(load: Load) -> None:
    text = render(DROP_IN[1:], groups=wanted(load(), ssh_row(TRIXIE), state()))
    plain = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert dict(line.split(" ", 1) for line in plain) == lines(load())
    assert "# ssh-root: " in text and text.startswith("# Written by firstlight")


@pytest.mark.parametrize(
    "wrong",
    [["Ops"], ["ops", "ops"], ["*"], ["ops@10.0.0.0/8"], ["ops root"], ["!ops"], [""], "ops", [1]],
)
def test_users_are_names_of_accounts(load: Load, wrong: Any) -> None:
    with pytest.raises(SettingsError, match=r"ssh\.users"):
        load(ssh={"users": wrong})


def test_a_slip_is_named(load: Load) -> None:
    with pytest.raises(SettingsError, match='did you mean "forwarding"'):
        load(ssh={"forwardin": True})
