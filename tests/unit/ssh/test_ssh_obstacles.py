"""Nobody locked out: what is refused before anything changes."""

from __future__ import annotations

from typing import Any

import pytest

from firstlight.catalogue import supported_system
from firstlight.catalogue.ssh import ssh_row
from firstlight.facts.ssh import Key
from firstlight.ssh.obstacles import obstacles, remarks
from tests.site import Load
from tests.sshd import NOBODY, OWN, state

ROW = ssh_row(supported_system("debian", "13"))
SHORT = Key(2048, "SHA256:own", "RSA")
ECDSA = Key(256, "SHA256:e", "ECDSA")
CA = {"ops": {**NOBODY, "trustedusercakeys": "/etc/ssh/ca.pub"}}


@pytest.fixture
def refused(load: Load) -> Any:
    def refused(
        ssh: dict[str, Any], off: str = "", host_key: str = "", **changes: Any
    ) -> list[str]:
        settings = load(ssh=ssh, hardening={"off": {off: "tested"} if off else {}})
        found = list(obstacles(settings, ROW, state(**changes), host_key))
        assert all(each.what and each.where and each.why and each.fix for each in found)
        return [str(each) for each in found]

    return refused


def test_a_right_host_is_not_refused(refused: Any) -> None:
    for users in ([], ["ops"], ["root", "ops"]):
        assert refused({"users": users}, host_key="ssh-ed25519") == []
    assert refused({}, host_key="ssh-rsa") == []


def test_the_user_we_are_logged_in_as_is_not_taken_away(refused: Any) -> None:
    (error,) = refused({"users": ["alice", "root"]})
    assert "you are logged in as ops" in error and "only alice, root" in error
    assert refused({"users": ["alice"]}, off="ssh-users") == []
    assert refused({"users": ["alice"]}, login="", accepted=()) == []  # by no SSH at all


@pytest.mark.parametrize("method", ["password", "keyboard-interactive/pam", "gssapi-with-mic"])
def test_who_logged_in_without_a_key_does_not_take_the_password_away(
    refused: Any, method: str
) -> None:
    (error,) = refused({}, accepted=(method,))
    assert method in error and "ssh-copy-id ops@" in error
    assert refused({}, off="ssh-keys-only", accepted=(method,)) == []


def test_the_key_has_to_be_one_that_sshd_would_read(refused: Any) -> None:
    (error,) = refused({}, keys={"ops": (Key(256, "SHA256:other", "ED25519"),)})
    assert "the key you logged in with" in error and "hold 1 keys" in error
    (error,) = refused({}, keys={}, accepted=())  # the log says nothing: then any key would do
    assert "a key is not among" in error and "hold 0 keys" in error
    assert refused({}, keys={"ops": (OWN,)}, accepted=()) == []
    assert refused({}, keys={}, effective=CA) == []  # a certificate, vouched for by a CA


def test_a_short_rsa_key_is_not_the_only_one(refused: Any) -> None:
    (error,) = refused({}, keys={"ops": (SHORT,)})
    assert "2048 bits" in error and "ed25519" in error
    assert refused({}, off="ssh-rsa-size", keys={"ops": (SHORT,)}) == []
    assert refused({}, accepted=(), keys={"ops": (SHORT, OWN)}) == []


def test_the_host_stays_the_one_we_know(refused: Any) -> None:
    (error,) = refused({}, host_key="ecdsa-sha2-nistp256")
    assert "ecdsa-sha2-nistp256" in error and "ssh-keyscan" in error
    assert refused({}, off="ssh-algorithms", host_key="ecdsa-sha2-nistp256") == []
    weak = (Key(256, "a", "ED25519"), Key(2048, "b", "RSA"))
    assert "ssh-rsa" in refused({}, host_key="ssh-rsa", host_keys=weak)[0]


def test_a_host_key_has_to_be_there(refused: Any) -> None:
    (error,) = refused({}, host_keys=(ECDSA,))
    assert "ECDSA 256" in error and "ssh-keygen -A" in error


def test_fips_has_algorithms_of_its_own(refused: Any) -> None:
    assert "FIPS" in refused({}, fips=True)[0]
    assert refused({}, off="ssh-algorithms", fips=True) == []


def test_whom_we_would_cut_off_behind_this_host(refused: Any) -> None:
    (error,) = refused({}, jumps=("10.0.0.9:22", "10.0.0.9:22"))
    assert error.count("10.0.0.9:22") == 1 and "ssh.forwarding" in error
    assert refused({"forwarding": True}, jumps=("10.0.0.9:22",)) == []


def test_what_is_broken_or_missing_is_said(refused: Any) -> None:
    assert "Bad configuration option" in refused({}, problem="line 3: Bad configuration option")[0]
    assert "no OpenSSH server" in refused({}, version="")[0]
    assert refused({}, version="", login="") == []  # a workstation without sshd
    assert refused({"enabled": False}, accepted=("password",)) == []


def test_what_is_only_worth_a_word(load: Load) -> None:
    def words(users: list[str], **changes: Any) -> str:
        return "\n".join(remarks(load(ssh={"users": users}), ROW, state(**changes)))

    assert words([]) == words(["ops"]) == ""
    assert "nobody here has a key" in words([], login="", accepted=(), keys={})
    assert words([], login="", accepted=()) == ""
    was = {"root": {**NOBODY, "permitrootlogin": "without-password"}, "ops": dict(NOBODY)}
    assert "root has 1 keys" in words([], effective=was, keys={"root": (OWN,), "ops": (OWN,)})
    assert "root" not in words(["ops", "root"], effective=was, keys={"root": (OWN,), "ops": (OWN,)})
    assert "no account bob" in words(["ops", "bob"])
    both = {"ops": dict(NOBODY), "bob": dict(NOBODY)}
    assert "bob has no key" in words(["ops", "bob"], effective=both)
    keys = {"ops": (OWN,), "bob": (SHORT,)}
    assert "bob has only RSA keys" in words(["ops", "bob"], effective=both, keys=keys)
