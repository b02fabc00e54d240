"""The site's CA: made once, never replaced, judged by openssl."""

from __future__ import annotations

import stat
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from firstlight import certificate
from firstlight.cli.ca import ca as command
from firstlight.errors import FirstlightError
from firstlight.pki import Authority


def test_the_root(authority: Authority, folder: Path, openssl: Callable[..., str]) -> None:
    text = openssl("x509", "-in", str(folder / "ca.crt"), "-noout", "-text", "-fingerprint")
    assert "prime256v1" in text and "ecdsa-with-SHA256" in text
    assert "CA:TRUE, pathlen:1" in text and "Certificate Sign, CRL Sign" in text
    days = authority.not_after - authority.certificate.not_valid_before_utc
    assert days == timedelta(days=3650)
    key_mode = stat.S_IMODE((folder / "ca.key").stat().st_mode)
    assert (key_mode, stat.S_IMODE(folder.stat().st_mode)) == (0o600, 0o700)
    assert "PRIVATE" not in repr(authority) and "EllipticCurve" not in repr(authority)


def test_the_root_is_made_once(authority: Authority, folder: Path) -> None:
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    again = Authority.load_or_create(folder, "other")
    assert again.fingerprint == authority.fingerprint
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert set(before) == {"ca.key", "ca.crt"}


def test_a_creation_that_was_cut_short_is_completed(folder: Path) -> None:
    Authority.load_or_create(folder, "lab")
    key = (folder / "ca.key").read_bytes()
    (folder / "ca.crt").unlink()
    Authority.load_or_create(folder, "lab")
    assert (folder / "ca.key").read_bytes() == key


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("ca.key", None, ""),
        ("ca.key", b"", "not an unencrypted private key"),
        ("ca.key", certificate.key_pem(certificate.new_key()), "do not belong together"),
        ("ca.crt", b"", "not a certificate"),
        ("ca.crt", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "not a cert"),
    ],
)
def test_a_damaged_authority_is_never_replaced(
    name: str, content: bytes | None, why: str, authority: Authority, folder: Path
) -> None:
    (folder / name).unlink()
    if content is not None:
        (folder / name).write_bytes(content)
        (folder / name).chmod(0o600)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(FirstlightError) as error:
        Authority.load_or_create(folder, "lab")
    assert why in error.value.why and "from a backup" in error.value.fix
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_a_leaf_in_the_place_of_the_root(authority: Authority, folder: Path) -> None:
    key = certificate.new_key()
    root = authority.certificate
    fake = certificate.leaf_certificate(root, authority.key, key, ["x"], 9)
    (folder / "ca.crt").write_bytes(certificate.certificate_pem(fake))
    with pytest.raises(FirstlightError, match="the site's CA is damaged"):
        Authority.load(folder)


def test_an_authority_whose_key_is_exposed(authority: Authority, folder: Path) -> None:
    (folder / "ca.key").chmod(0o644)
    with pytest.raises(FirstlightError, match="can be read by others"):
        Authority.load_or_create(folder, "lab")


@pytest.mark.parametrize(
    ("days", "what"), [(3651, "the site's CA is out of date"), (-1, "is not valid yet")]
)
def test_an_authority_out_of_its_time(
    days: int, what: str, authority: Authority, folder: Path, at: Callable[[datetime], None]
) -> None:
    at(datetime.now(UTC) + timedelta(days=days))
    with pytest.raises(FirstlightError, match=what):
        Authority.load_or_create(folder, "lab")


def test_commands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, openssl: Callable[..., str]
) -> None:
    monkeypatch.chdir(tmp_path)
    run = CliRunner()
    missing = run.invoke(command, ["show", "--site", "lab"])
    assert isinstance(missing.exception, FirstlightError)
    assert missing.exception.what == "the site has no CA yet"
    authority = Authority.load_or_create(tmp_path / ".firstlight/lab/ca", "lab")
    shown = run.invoke(command, ["show", "--site", "lab"])
    assert authority.fingerprint in shown.stdout and str(authority.path) in shown.stdout
    told = openssl("x509", "-in", str(authority.path), "-noout", "-fingerprint", "-sha256")
    assert authority.fingerprint in told
    root = run.invoke(command, ["root", "--site", "lab"])
    assert root.stdout == authority.path.read_text()
