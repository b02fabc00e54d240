"""API keys: issued once, kept privately, read strictly, never shown by accident."""

from __future__ import annotations

import hashlib
import os
import re
import stat
import threading
from pathlib import Path

import pytest
from click.testing import CliRunner

from firstlight import keys
from firstlight.cli.keys import keys as command
from firstlight.errors import FirstlightError
from firstlight.secret import Secret

GOOD = "fl_alice_" + "A" * 43


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "keys" / "api-keys.toml"


def written(path: Path, text: str | bytes, mode: int = 0o600) -> Path:
    path.parent.mkdir(parents=True, mode=0o700)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    path.chmod(mode)
    return path


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_key_is_issued_and_loaded(path: Path) -> None:
    alice, bob = keys.issue(path, "alice"), keys.issue(path, "bob-2")
    assert re.fullmatch(r"fl_alice_[A-Za-z0-9_-]{43}", alice.reveal())
    assert list(keys.load(path).items()) == [("alice", alice), ("bob-2", bob)]
    assert (mode(path), mode(path.parent), mode(path.parent.parent)) == (0o600, 0o700, 0o700)
    assert list(path.parent.iterdir()) == [path]


def test_modes_do_not_depend_on_the_umask(path: Path) -> None:
    before = os.umask(0)
    try:
        keys.issue(path, "alice")
    finally:
        os.umask(before)
    assert (mode(path), mode(path.parent)) == (0o600, 0o700)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_under_sudo_the_files_belong_to_the_invoker(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUDO_UID", "12345")
    monkeypatch.setenv("SUDO_GID", "23456")
    keys.issue(path, "alice")
    for each in (path, path.parent, path.parent.parent):
        assert (each.stat().st_uid, each.stat().st_gid) == (12345, 23456)


def test_a_name_gets_one_key(path: Path) -> None:
    keys.issue(path, "alice")
    before = path.read_bytes()
    with pytest.raises(FirstlightError, match="there is an API key named alice already"):
        keys.issue(path, "alice")
    assert path.read_bytes() == before


@pytest.mark.parametrize("name", ["", "Alice", "a_b", "1a", "-a", "a" * 32, "a b", "ä", "a\n"])
def test_malformed_names(name: str, path: Path) -> None:
    with pytest.raises(FirstlightError, match="the name of the API key is malformed"):
        keys.issue(path, name)
    assert not path.exists()


@pytest.mark.parametrize(
    ("text", "where", "why"),
    [
        ("[keys]\nalice = secret", "line 2", "not TOML"),
        ('[keys]\n\nalice = "secret', "line 3", "not TOML"),
        (b'[keys]\nalice = "\xff"', "line 2", "not UTF-8"),
        ('[keys]\nalice = "secret"', "line 2", "does not begin with fl_alice_"),
        ("[keys]\nalice = 5", "line 2", "does not begin with fl_alice_"),
        ('[keys]\nalice = "fl_alice_secret"', "line 2", "not followed by 43 characters"),
        (f'[keys]\n# bob\nbob = "{GOOD}"', "line 3", "does not begin with fl_bob_"),
        (f'[keys]\nAlice = "{GOOD}"', "line 2", "the name of the key is malformed"),
        (f'\n"a b" = "{GOOD}"\n[keys]', "line 2", "only the table"),
        ("keys = 5", "line 1", "not a table"),
        ("[other]\n[keys]\n", "line 1", "only the table"),
    ],
)
def test_malformed_files(text: str | bytes, where: str, why: str, path: Path) -> None:
    with pytest.raises(FirstlightError) as error:
        keys.load(written(path, text))
    assert error.value.what == "the API key file is malformed"
    assert error.value.where == f"{path}, {where}" and why in error.value.why
    assert error.value.fix and "secret" not in str(error.value) and "AAA" not in str(error.value)


@pytest.mark.parametrize("text", ["", "[keys]\n", "# nothing\n"])
def test_files_without_a_key(text: str, path: Path) -> None:
    with pytest.raises(FirstlightError, match="holds no key"):
        keys.load(written(path, text))


@pytest.mark.parametrize("open_mode", [0o644, 0o640, 0o604, 0o620, 0o601])
def test_files_that_others_can_reach(open_mode: int, path: Path) -> None:
    with pytest.raises(FirstlightError) as error:
        keys.load(written(path, f'[keys]\nalice = "{GOOD}"\n', open_mode))
    assert error.value.what == "the API key file can be read by others"
    assert f"{open_mode:04o}" in error.value.why and "chmod 600" in error.value.fix
    with pytest.raises(FirstlightError, match="can be read by others"):
        keys.issue(path, "bob")


def test_what_is_no_file(path: Path) -> None:
    with pytest.raises(FirstlightError, match="is missing"):
        keys.load(path)
    path.parent.mkdir(parents=True)
    os.mkfifo(path, 0o600)
    with pytest.raises(FirstlightError, match="is not a plain file"):
        keys.load(path)
    path.unlink()
    path.mkdir(mode=0o700)
    with pytest.raises(FirstlightError, match="is not a plain file"):
        keys.load(path)


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
    assert sorted(keys.load(path)) == sorted(names)


def test_a_digest_is_plain_sha256() -> None:
    assert keys.digest(Secret(GOOD)) == hashlib.sha256(GOOD.encode()).hexdigest()


def test_commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run = CliRunner()
    issued = run.invoke(command, ["issue", "alice", "--site", "lab"])
    key = issued.stdout.strip()
    assert issued.exit_code == 0 and re.fullmatch(r"fl_alice_\S{43}", key)
    assert "shown only now" in issued.stderr and key not in issued.stderr
    listed = run.invoke(command, ["list", "--site", "lab"])
    assert listed.stdout.split() == ["alice", f"sha256:{keys.digest(Secret(key))[:12]}"]
    assert key not in listed.output
    bad = run.invoke(command, ["issue", "alice", "--site", "../x"])
    assert isinstance(bad.exception, FirstlightError) and not (tmp_path / "x").exists()
