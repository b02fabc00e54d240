"""A repository is trusted for its key's fingerprint, and for nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from firstlight.catalogue import systems
from firstlight.catalogue.nvidia import signing_keys
from firstlight.errors import FirstlightError
from firstlight.nvidia import openpgp
from firstlight.nvidia.obstacles import obstacles
from firstlight.nvidia.repositories import KEYRINGS
from firstlight.nvidia.signing import fingerprints, proven
from tests.unit.nvidia.conftest import Wanted
from tests.unit.nvidia.hosts import HOSTS

ROWS = {name: row for name, row in signing_keys().items() if row.file}
TOOLKIT = ROWS["nvidia-container-toolkit"]
WHERE = "gpu1: nvidia.repository.key"


@pytest.mark.parametrize("torn", [b"\xc6\xc5", b"\xc6", b"\xc6\xff\0", b"\x99", b"\x98"])
def test_a_length_that_is_cut_off_is_no_key(torn: bytes) -> None:
    with pytest.raises(ValueError, match="cut off"):
        openpgp.fingerprints(torn)
    assert fingerprints(torn) == []


@pytest.mark.parametrize("name", list(ROWS))
def test_the_keys_that_travel_are_those_of_the_catalogue(name: str) -> None:
    row = ROWS[name]
    text = proven(KEYRINGS / row.file, row.fingerprint, name)
    assert text.startswith("-----BEGIN PGP PUBLIC KEY BLOCK-----")
    assert fingerprints(text.encode()) == [row.fingerprint]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "no OpenPGP key"),
        (b"<html>404</html>", "no OpenPGP key"),
        ((KEYRINGS / "nvidia-cuda.asc").read_bytes(), "EB693B3035CD5710E231E123A4B469963BF863CC"),
        # A second key would be trusted as well.
        (
            (KEYRINGS / TOOLKIT.file).read_bytes() + (KEYRINGS / "docker.asc").read_bytes(),
            f"{TOOLKIT.fingerprint}, 9DC858229FC7DD38854AE2D88D81803C0EBFCD88",
        ),
    ],
)
def test_another_key_is_refused(content: bytes, said: str, tmp_path: Path) -> None:
    path = tmp_path / "a key.asc"
    path.write_bytes(content)
    with pytest.raises(FirstlightError) as error:
        proven(path, TOOLKIT.fingerprint, WHERE)
    assert said in error.value.why and TOOLKIT.fingerprint in error.value.why
    assert "nothing of it is trusted" in error.value.what and error.value.where == WHERE


def test_a_binary_key_is_named(tmp_path: Path) -> None:
    import base64

    lines = (KEYRINGS / TOOLKIT.file).read_text().splitlines()
    path = tmp_path / "key.gpg"
    path.write_bytes(base64.b64decode("".join(lines[2:-2])))
    with pytest.raises(FirstlightError, match="not armored"):
        proven(path, TOOLKIT.fingerprint, WHERE)


def test_a_missing_key_is_named(tmp_path: Path) -> None:
    with pytest.raises(FirstlightError, match="cannot be read"):
        proven(tmp_path / "none", TOOLKIT.fingerprint, WHERE)


def test_both_repositories_are_refused_at_once(wanted: Wanted, tmp_path: Path) -> None:
    key = tmp_path / "key.asc"
    key.write_bytes((KEYRINGS / "docker.asc").read_bytes())
    mirror = {"url": "http://m.example.net/x", "key": str(key), "fingerprint": "A" * 40}
    settings = wanted(repository=mirror, toolkit_repository=mirror)
    found = list(obstacles(settings, HOSTS["4090"], systems()["debian 13"]))
    keys = ["gpu1: nvidia.repository.key", "gpu1: nvidia.toolkit_repository.key"]
    assert [error.where for error in found] == keys
