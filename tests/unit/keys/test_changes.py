"""Keys are issued, rotated, limited and revoked: each change whole or not at all."""

from __future__ import annotations

import os
import re
import stat
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from firstlight import keys
from firstlight.errors import FirstlightError
from firstlight.keys.change import MOST_SECRETS

NOW = 1_800_000_000
DAY = 86400


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def key_of(path: Path) -> keys.Key:
    return keys.named(path, "alice")


def test_a_key_is_issued_and_only_its_digest_kept(path: Path) -> None:
    alice = keys.issue(path, "alice", now=NOW)
    bob = keys.issue(path, "bob-2", klass="gold", models=("a",), rps=2, life=DAY, now=NOW)
    assert re.fullmatch(r"fl_alice_[A-Za-z0-9_-]{43}", alice.reveal())
    ring = keys.load(path)
    assert ring.keys == (
        keys.Key("alice", secrets=(keys.KeySecret(ring.digest(alice), NOW),)),
        keys.Key(
            "bob-2", "gold", ("a",), 2,
            secrets=(keys.KeySecret(ring.digest(bob), NOW, NOW + DAY),),
        ),
    )  # fmt: skip
    for key in (alice, bob):
        assert key.reveal() not in path.read_text()
    assert (mode(path), mode(path.parent), mode(path.parent.parent)) == (0o600, 0o700, 0o700)
    assert list(path.parent.iterdir()) == [path]


def test_modes_do_not_depend_on_the_umask(path: Path) -> None:
    before = os.umask(0)
    try:
        keys.issue(path, "alice", to=path.parent / "alice.key")
    finally:
        os.umask(before)
    assert (mode(path), mode(path.parent)) == (0o600, 0o700)
    assert mode(path.parent / "alice.key") == 0o600


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_under_sudo_the_files_belong_to_the_invoker(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUDO_UID", "12345")
    monkeypatch.setenv("SUDO_GID", "23456")
    keys.issue(path, "alice", to=path.parent / "alice.key")
    for each in (path, path.parent, path.parent.parent, path.parent / "alice.key"):
        assert (each.stat().st_uid, each.stat().st_gid) == (12345, 23456)


@pytest.mark.parametrize("name", ["", "Alice", "a_b", "1a", "-a", "a" * 32, "a b", "ä", "a\n"])
def test_malformed_names(name: str, path: Path) -> None:
    with pytest.raises(FirstlightError, match="the name of the API key is malformed"):
        keys.issue(path, name)
    assert not path.exists()


@pytest.mark.parametrize(
    "values",
    [{"rps": 0}, {"rps": 1e9}, {"burst": 0}, {"concurrency": -1}, {"models": ("a b",)},
     {"models": ("",)}, {"klass": "silver"}],
)  # fmt: skip
def test_malformed_values(values: dict[str, Any], path: Path) -> None:
    with pytest.raises(FirstlightError, match="a value of the API key is malformed"):
        keys.issue(path, "alice", **values)
    assert not path.exists()
    keys.issue(path, "alice")
    before = path.read_bytes()
    with pytest.raises(FirstlightError, match="a value of the API key is malformed"):
        keys.change(path, "alice", lambda key: replace(key, **values))
    assert path.read_bytes() == before


def test_what_cannot_be(path: Path) -> None:
    with pytest.raises(FirstlightError, match="firstlight's own"):
        keys.issue(path, "firstlight")
    keys.issue(path, "alice")
    before = path.read_bytes()
    with pytest.raises(FirstlightError, match="there is an API key named alice already"):
        keys.issue(path, "alice")
    with pytest.raises(FirstlightError, match="there is no API key named bob"):
        keys.revoke(path, "bob")
    with pytest.raises(FirstlightError, match="firstlight's own key"):
        keys.rotate(path, "firstlight", 0)
    assert path.read_bytes() == before


def test_rotation_with_overlap(path: Path) -> None:
    keys.issue(path, "alice", life=30 * DAY, now=NOW)
    new = keys.rotate(path, "alice", 7 * DAY, now=NOW + DAY)
    first, second = key_of(path).secrets
    assert (first.issued, first.expires) == (NOW, NOW + 8 * DAY)
    # It lives as long as the one before it was meant to.
    assert (second.issued, second.expires) == (NOW + DAY, NOW + 31 * DAY)
    assert keys.load(path).digest(new) == second.digest
    assert key_of(path).current(NOW + 8 * DAY - 1) == (first, second)
    assert key_of(path).current(NOW + 8 * DAY) == (second,)
    # A second rotation makes no secret live longer, and takes away what has ended.
    keys.rotate(path, "alice", 30 * DAY, life=DAY, now=NOW + 8 * DAY)
    found = key_of(path).secrets
    assert [each.expires for each in found] == [NOW + 31 * DAY, NOW + 9 * DAY]


def test_rotation_at_once(path: Path) -> None:
    keys.issue(path, "alice", now=NOW)
    keys.rotate(path, "alice", 0, now=NOW)
    assert len(key_of(path).secrets) == 1 and key_of(path).secrets[0].expires is None
    for _ in range(MOST_SECRETS - 1):
        keys.rotate(path, "alice", DAY, now=NOW)
    with pytest.raises(FirstlightError, match="secrets that still work"):
        keys.rotate(path, "alice", DAY, now=NOW)
    keys.rotate(path, "alice", 0, now=NOW)
    assert len(key_of(path).secrets) == 1


def test_an_expired_key_stays_on_the_list_until_it_is_rotated(path: Path) -> None:
    keys.issue(path, "alice", life=DAY, now=NOW)
    keys.issue(path, "bob", now=NOW + 2 * DAY)
    assert [key.name for key in keys.load(path).keys] == ["alice", "bob"]
    assert key_of(path).current(NOW + DAY) == ()
    keys.rotate(path, "alice", 7 * DAY, now=NOW + 3 * DAY)
    assert [each.expires for each in key_of(path).secrets] == [NOW + 4 * DAY]


def test_limits_change_and_secrets_stay(path: Path) -> None:
    keys.issue(path, "alice", rps=3, now=NOW)
    before = key_of(path)
    made = keys.change(path, "alice", lambda key: replace(key, klass="gold", rps=None), now=NOW)
    assert made == key_of(path) == replace(before, klass="gold", rps=None)


def test_the_last_key_can_be_revoked(path: Path) -> None:
    keys.issue(path, "alice")
    keys.revoke(path, "alice")
    assert keys.load(path).keys == ()
    assert keys.load(path).digest(keys.issue(path, "alice"))  # the name is free again


def test_a_failed_write_leaves_the_old_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys.issue(path, "alice")
    before = path.read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(FirstlightError, match="No space left"):
        keys.issue(path, "bob")
    assert path.read_bytes() == before and list(path.parent.iterdir()) == [path]


def test_keys_issued_at_once_are_all_kept(path: Path) -> None:
    names = [f"user-{number}" for number in range(12)]
    threads = [threading.Thread(target=keys.issue, args=(path, name)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(key.name for key in keys.load(path).keys) == sorted(names)
