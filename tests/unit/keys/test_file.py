"""The API key file: read strictly, private, never shown; an old one is understood."""

from __future__ import annotations

import hashlib
import hmac
import os
from pathlib import Path

import pytest

from firstlight import keys
from firstlight.errors import FirstlightError
from firstlight.secret import Secret
from tests.unit.keys.conftest import Written

GOOD = "fl_alice_" + "A" * 43
SALT = "5" * 64
HEAD = f'salt = "{SALT}"\n[keys]\n'
DIGEST = "d" * 64
SECRETS = f'secrets = [{{ digest = "{DIGEST}", issued = 1 }}]\n'
ALICE = HEAD + '[keys.alice]\nclass = "gold"\n'


def test_what_is_written_is_read_again(path: Path, written: Written) -> None:
    secrets = (keys.KeySecret("a" * 64, 5, 9), keys.KeySecret("b" * 64, 7))
    ring = keys.Keyring(
        Secret(SALT),
        (
            keys.Key("alice", "gold", ("a", "b:c/d"), 0.5, 3, 4, secrets),
            keys.Key("bob-2", secrets=(keys.KeySecret("c" * 64, 0),)),
        ),
    )
    assert keys.load(written(ring.text())) == ring
    assert keys.load(written(keys.Keyring(Secret(SALT)).text())).keys == ()


def test_a_digest_is_an_hmac_with_the_salt_as_it_is_written() -> None:
    ring = keys.Keyring(Secret(SALT))
    expected = hmac.new(SALT.encode(), GOOD.encode(), hashlib.sha256).hexdigest()
    assert ring.digest(Secret(GOOD)) == expected
    assert keys.Keyring.new().salt != keys.Keyring.new().salt


@pytest.mark.parametrize(
    ("text", "where", "why"),
    [
        ("[keys]\nalice = secret", "line 2", "not TOML"),
        ('[keys]\n\nalice = "secret', "line 3", "not TOML"),
        (b'[keys]\nalice = "\xff"', "line 2", "not UTF-8"),
        ("keys = " + "[" * 5000, "line 1", ""),
        ('[keys]\nalice = "secret"', "line 2", "does not begin with fl_alice_"),
        ('[keys]\nalice = "fl_alice_secret"', "line 2", "not followed by 43 characters"),
        (f'[keys]\n# bob\nbob = "{GOOD}"', "line 3", "does not begin with fl_bob_"),
        (f'[keys]\nAlice = "{GOOD}"', "line 2", "a name is made of"),
        (f'[keys]\nfirstlight = "{GOOD}"', "line 2", "firstlight's own"),
        (f'\n"a b" = "{GOOD}"\n[keys]', "line 2", "only salt and the table"),
        ("keys = 5", "line 1", "not a table"),
        ("[other]\n[keys]\n", "line 1", "only salt and the table"),
        ("[keys]\nalice = 5", "line 1", "no salt"),
        ('salt = "secret"\n[keys]\n', "line 1", "salt is not 64"),
        ("salt = 5\n[keys]\n", "line 1", "salt is not 64"),
        (HEAD + "alice = 5", "line 3", "not a table of burst"),
        (HEAD + "[keys.alice]\n" + SECRETS, "line 3", "not a table of burst"),
        (ALICE + SECRETS + 'secret = "secret"', "line 3", "not a table of burst"),
        (ALICE, "line 3", "secrets is not a list"),
        (ALICE + "secrets = []", "line 3", "secrets is not a list"),
        (ALICE + 'secrets = ["secret"]', "line 3", "secrets is not a list"),
        (ALICE + SECRETS.replace("issued", "made"), "line 3", "secrets is not a list"),
        (ALICE + SECRETS.replace(DIGEST, "secret"), "line 3", "64 lower-case hex digits"),
        (ALICE + SECRETS.replace("issued = 1", "issued = 1.5"), "line 3", "seconds since 1970"),
        (ALICE + SECRETS.replace("= 1", "= 1, expires = -1"), "line 3", "seconds since 1970"),
        (ALICE + SECRETS.replace("= 1", "= 1, expires = true"), "line 3", "seconds since 1970"),
        (ALICE.replace("gold", "secret") + SECRETS, "line 3", "the class is none of"),
        (ALICE.replace('"gold"', "[1]") + SECRETS, "line 3", "the class is none of"),
        (ALICE + 'models = "secret"\n' + SECRETS, "line 3", "models is not a list"),
        (ALICE + 'models = ["a,b"]\n' + SECRETS, "line 3", "models is not a list"),
        (ALICE + "models = [5]\n" + SECRETS, "line 3", "models is not a list"),
        (ALICE + "rps = 0\n" + SECRETS, "line 3", "rps is not a number"),
        (ALICE + "rps = nan\n" + SECRETS, "line 3", "rps is not a number"),
        (ALICE + "rps = true\n" + SECRETS, "line 3", "rps is not a number"),
        (ALICE + 'rps = "secret"\n' + SECRETS, "line 3", "rps is not a number"),
        (ALICE + "burst = 1.5\n" + SECRETS, "line 3", "burst is not a whole number"),
        (ALICE + "concurrency = 0\n" + SECRETS, "line 3", "concurrency is not a whole number"),
        (
            ALICE + SECRETS + '[keys.bob]\nclass = "gold"\n' + SECRETS,
            "line 6",
            "a digest of alice again",
        ),
    ],
)
def test_malformed_files(
    text: str | bytes, where: str, why: str, path: Path, written: Written
) -> None:
    with pytest.raises(FirstlightError) as error:
        keys.load(written(text))
    assert error.value.what == "the API key file is malformed"
    assert error.value.where == f"{path}, {where}" and why in error.value.why
    shown = str(error.value).replace("secrets", "")
    assert error.value.fix and "secret" not in shown and "AAA" not in shown


@pytest.mark.parametrize("text", ["", "[keys]\n", "# nothing\n"])
def test_files_without_a_key(text: str, written: Written) -> None:
    with pytest.raises(FirstlightError, match="holds no key"):
        keys.load(written(text))


@pytest.mark.parametrize("open_mode", [0o644, 0o640, 0o604, 0o620, 0o601])
def test_files_that_others_can_reach(open_mode: int, path: Path, written: Written) -> None:
    with pytest.raises(FirstlightError) as error:
        keys.load(written(f'[keys]\nalice = "{GOOD}"\n', open_mode))
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


def test_an_old_file_works_on_and_its_next_write_takes_the_keys_out(
    path: Path, written: Written
) -> None:
    written(f'# old\n[keys]\nalice = "{GOOD}"\nbob = "{GOOD.replace("alice", "bob")}"\n')
    before, again = keys.load(path), keys.load(path)
    assert before.plain and before == again and before.salt == again.salt
    assert [key.name for key in before.keys] == ["alice", "bob"]
    assert before.keys[0].secrets == (keys.KeySecret(before.digest(Secret(GOOD)), 0),)
    keys.issue(path, "carol")
    after = keys.load(path)
    assert not after.plain and "A" * 43 not in path.read_text()
    # Hosts know the old keys as before: same salt, same digests.
    assert (after.salt, after.keys[:2]) == (before.salt, before.keys)


def test_firstlights_own_key(tmp_path: Path) -> None:
    file = tmp_path / "keys" / "probe.key"
    key = keys.probe(file)
    assert key == keys.probe(file) and key.reveal().startswith("fl_firstlight_")
    assert file.stat().st_mode & 0o777 == 0o600
    file.write_text("secret")
    with pytest.raises(FirstlightError, match="is malformed") as error:
        keys.probe(file)
    assert "secret" not in str(error.value)
    file.chmod(0o644)
    with pytest.raises(FirstlightError, match="can be read by others"):
        keys.probe(file)
