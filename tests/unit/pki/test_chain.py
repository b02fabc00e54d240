"""A certificate from somewhere else: every way in which it can be wrong, before a host is touched."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from firstlight import chain
from firstlight.certificate import (
    certificate_pem,
    host_authority,
    key_pem,
    leaf_certificate,
    new_key,
    root_certificate,
)
from firstlight.errors import FirstlightError

NAME = "llm.example.net"


@dataclass
class Issued:
    """What a CA would hand out, in files; tests spoil it."""

    folder: Path

    def __post_init__(self) -> None:
        self.certificate, self.key, self.ca = (
            self.folder / name for name in ("chain.pem", "leaf.key", "root.pem")
        )
        self.root_key, self.middle_key, self.leaf_key = new_key(), new_key(), new_key()
        self.root = root_certificate(self.root_key, "lab")
        self.middle = host_authority(
            self.root, self.root_key, self.middle_key, ["example.net", "192.0.2.7"], 900
        )
        self.lay([NAME, "192.0.2.7"])

    def lay(self, names: list[str], usage: x509.ObjectIdentifier | None = None) -> None:
        usage = usage or ExtendedKeyUsageOID.SERVER_AUTH
        made = leaf_certificate(self.middle, self.middle_key, self.leaf_key, names, 90, usage=usage)
        self.leaf = made
        self.write(self.leaf, self.middle)
        self.key.write_bytes(key_pem(self.leaf_key))
        self.key.chmod(0o600)
        self.ca.write_bytes(certificate_pem(self.root))

    def write(self, *certificates: x509.Certificate) -> None:
        self.certificate.write_bytes(b"".join(map(certificate_pem, certificates)))

    def refused(self, name: str = NAME, ca: bool = False) -> FirstlightError:
        with pytest.raises(FirstlightError) as error:
            chain.load(self.certificate, self.key, self.ca if ca else None, [name])
        found = error.value
        assert found.what and found.where and found.why and found.fix
        assert "PRIVATE" not in str(found)
        return found


@pytest.fixture
def issued(tmp_path: Path) -> Issued:
    return Issued(tmp_path)


@pytest.mark.parametrize("ca", [False, True])
def test_a_good_one(issued: Issued, ca: bool) -> None:
    found = chain.load(issued.certificate, issued.key, issued.ca if ca else None, [NAME])
    assert found.cert_pem.encode() == issued.certificate.read_bytes()
    assert found.key.reveal().encode() == issued.key.read_bytes()
    assert found.not_after == issued.leaf.not_valid_after_utc
    chain.load(issued.certificate, issued.key, None, ["192.0.2.7", "LLM.example.NET"])


def test_a_root_in_the_file_is_not_sent(issued: Issued) -> None:
    issued.write(issued.leaf, issued.middle, issued.root)
    found = chain.load(issued.certificate, issued.key, issued.ca, [NAME])
    assert found.cert_pem.count("BEGIN CERTIFICATE") == 2


def test_a_key_of_another_certificate(issued: Issued) -> None:
    issued.key.write_bytes(key_pem(new_key()))
    assert "do not belong together" in issued.refused().what
    issued.key.write_bytes(key_pem(issued.leaf_key))
    issued.write(issued.middle, issued.leaf)  # the leaf is not the first
    assert "leaf first" in issued.refused().fix


def test_an_encrypted_key(issued: Issued) -> None:
    how = serialization.BestAvailableEncryption(b"secret")
    form = serialization.PrivateFormat.PKCS8
    issued.key.write_bytes(issued.leaf_key.private_bytes(serialization.Encoding.PEM, form, how))
    assert "pass phrase" in issued.refused().why


def test_a_key_that_others_can_read(issued: Issued) -> None:
    issued.key.chmod(0o644)
    found = issued.refused()
    assert "read by others" in found.what and "chmod 600" in found.fix


@pytest.mark.parametrize("content", [b"", b"-----BEGIN CERTIFICATE-----\nx\n", b"\xff"])
def test_no_certificate_and_no_key(issued: Issued, content: bytes) -> None:
    issued.certificate.write_bytes(content)
    assert "no certificate in PEM" in issued.refused().why
    issued.lay([NAME])
    issued.key.write_bytes(content)
    assert "not a private key" in issued.refused().why
    issued.certificate.unlink()
    assert "No such file" in issued.refused().why


def test_a_missing_intermediate(issued: Issued) -> None:
    issued.write(issued.leaf)
    found = issued.refused()
    assert "chain is missing" in found.what and "intermediate.pem" in found.fix
    assert "does not end at its root" in issued.refused(ca=True).what


def test_a_chain_that_does_not_hold_together(issued: Issued) -> None:
    issued.write(issued.leaf, issued.root)
    assert "number 1 was not issued by number 2" in issued.refused().why
    other = root_certificate(new_key(), "other")
    issued.ca.write_bytes(certificate_pem(other))
    issued.write(issued.leaf, issued.middle)
    assert "does not end at its root" in issued.refused(ca=True).what


def test_one_that_vouches_for_itself(issued: Issued) -> None:
    issued.write(issued.root)
    issued.key.write_bytes(key_pem(issued.root_key))
    assert "vouches for itself" in issued.refused().what


@pytest.mark.parametrize(
    ("names", "asked", "good"),
    [
        (["*.example.net"], NAME, True),
        (["*.example.net"], "a.b.example.net", False),
        (["*.example.net"], "example.net", False),
        (["other.example.net"], NAME, False),
        ([NAME], "192.0.2.7", False),
        (["192.0.2.7"], "192.0.2.7", True),
    ],
)
def test_names(issued: Issued, names: list[str], asked: str, good: bool) -> None:
    issued.lay(names)
    if good:
        chain.load(issued.certificate, issued.key, None, [asked])
    else:
        found = issued.refused(asked)
        assert found.what == f"the certificate is not for {asked}" and names[0] in found.why


def test_one_for_clients(issued: Issued) -> None:
    issued.lay([NAME], ExtendedKeyUsageOID.CLIENT_AUTH)
    assert "not a server's" in issued.refused().why


def test_its_time(
    issued: Issued, at: Callable[[datetime], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = datetime.now(UTC)

    def judged(moment: datetime) -> None:
        class Clock(datetime):
            @classmethod
            def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
                return moment

        monkeypatch.setattr(chain, "datetime", Clock)

    judged(now - timedelta(days=1))
    assert "not valid yet" in issued.refused().what
    judged(now + timedelta(days=91))
    assert "out of date" in issued.refused().what
    at(now - timedelta(days=800))  # an intermediate that ended before its leaf
    issued.root = root_certificate(issued.root_key, "lab")
    issued.middle = host_authority(
        issued.root, issued.root_key, issued.middle_key, ["example.net"], 790
    )
    at(now)
    issued.write(issued.leaf, issued.middle)
    judged(now)
    assert issued.refused().what == "the certificate is out of date (number 2 in the file)"


def test_a_short_rsa_key(issued: Issued) -> None:
    key = rsa.generate_private_key(65537, 1024)
    made = leaf_certificate(issued.middle, issued.middle_key, key, [NAME], 90)  # type: ignore[arg-type]
    issued.write(made, issued.middle)
    issued.key.write_bytes(key_pem(key))  # type: ignore[arg-type]
    assert "2048" in issued.refused().why
