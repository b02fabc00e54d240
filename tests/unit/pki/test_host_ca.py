"""A host's own authority, and certificates that vouch for themselves: judged by openssl."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.x509.oid import ExtendedKeyUsageOID

from firstlight import certificate
from firstlight.certificate import certificate_pem, leaf_certificate, new_key
from firstlight.host_ca import host_ca, self_signed_leaf
from firstlight.pki import Authority, Leaf

HOST = ["llm.example.net", "192.0.2.7"]
Judge = Callable[..., str]


@pytest.fixture
def judge(
    authority: Authority,
    tmp_path: Path,
    openssl: Callable[..., str],
    monkeypatch: pytest.MonkeyPatch,
) -> Judge:
    """Have the host's authority sign a certificate for some names; return openssl's verdict."""
    # As hosts do it: openssl holds a common name against the constraints on DNS names.
    monkeypatch.setattr(certificate, "_LONGEST_COMMON_NAME", 0)

    def judge(held: Leaf, *names: str, usage: x509.ObjectIdentifier | None = None) -> str:
        issuer = x509.load_pem_x509_certificate(held.cert_pem.encode())
        key = serialization.load_pem_private_key(held.key.reveal().encode(), None)
        usage = usage or ExtendedKeyUsageOID.SERVER_AUTH
        made = leaf_certificate(issuer, key, new_key(), names, 9, usage=usage)  # type: ignore[arg-type]
        (tmp_path / "leaf.pem").write_bytes(certificate_pem(made))
        (tmp_path / "issuer.pem").write_text(held.cert_pem)
        purpose = "sslserver" if usage == ExtendedKeyUsageOID.SERVER_AUTH else "sslclient"
        words = ("-x509_strict", "-purpose", purpose, "-CAfile", str(authority.path))
        return openssl(
            "verify", *words, "-untrusted", str(tmp_path / "issuer.pem"), str(tmp_path / "leaf.pem")
        )

    return judge


def test_good_for_its_own_names_only(authority: Authority, tmp_path: Path, judge: Judge) -> None:
    held = host_ca(authority, tmp_path, HOST)
    assert "OK" in judge(held, "llm.example.net", "192.0.2.7")
    assert "OK" in judge(held, "below.llm.example.net")
    for name in ("example.net", "other.example.net", "192.0.2.8", "2001:db8::7"):
        assert "permitted subtree violation" in judge(held, name), name
        assert "permitted subtree violation" in judge(held, "llm.example.net", name), name


@pytest.mark.parametrize(
    ("own", "forbidden"),
    [(["192.0.2.7"], "bank.example"), (["llm.example.net"], "192.0.2.8"),
     (["llm.example.net"], "2001:db8::7"), (["2001:db8::7"], "192.0.2.7")],
)  # fmt: skip
def test_a_kind_of_name_that_the_host_has_not(
    authority: Authority, tmp_path: Path, judge: Judge, own: list[str], forbidden: str
) -> None:
    """A constraint that says nothing of DNS names would allow every DNS name."""
    held = host_ca(authority, tmp_path, own)
    assert "OK" in judge(held, *own)
    assert "subtree violation" in judge(held, forbidden)


def test_no_clients_and_no_further_authorities(
    authority: Authority, tmp_path: Path, judge: Judge, openssl: Callable[..., str]
) -> None:
    held = host_ca(authority, tmp_path, HOST)
    usage = ExtendedKeyUsageOID.CLIENT_AUTH
    assert "OK" not in judge(held, "llm.example.net", usage=usage)
    (tmp_path / "held.pem").write_text(held.cert_pem)
    text = openssl("x509", "-in", str(tmp_path / "held.pem"), "-noout", "-text")
    assert "CA:TRUE, pathlen:0" in text and "Name Constraints: critical" in text


def test_it_is_kept_until_it_has_to_go(
    authority: Authority, tmp_path: Path, at: Callable[[datetime], None]
) -> None:
    held = host_ca(authority, tmp_path, HOST)
    assert host_ca(authority, tmp_path, HOST) == held
    assert (tmp_path / "_host-ca.pem").stat().st_mode & 0o777 == 0o600
    assert "PRIVATE" not in repr(held)
    changed = host_ca(authority, tmp_path, HOST[:1])
    assert changed.cert_pem != held.cert_pem
    at(datetime.now(UTC) + timedelta(days=740))
    assert host_ca(authority, tmp_path, HOST[:1]).cert_pem != changed.cert_pem


def test_a_root_of_before_does_not_delegate(
    authority: Authority, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert authority.delegates
    real = x509.BasicConstraints

    def of_before(ca: bool, path_length: int | None) -> x509.BasicConstraints:
        return real(ca, 0 if ca else path_length)

    monkeypatch.setattr(x509, "BasicConstraints", of_before)
    from firstlight.certificate import root_certificate

    old = root_certificate(authority.key, "lab")
    monkeypatch.undo()
    assert not Authority(old, folder, authority.key).delegates


def test_self_signed(tmp_path: Path, at: Callable[[datetime], None]) -> None:
    made, public = self_signed_leaf(tmp_path, HOST, 90)
    assert self_signed_leaf(tmp_path, HOST, 90) == (made, public)
    assert public.read_text() == made.cert_pem and public.stat().st_mode & 0o777 == 0o644
    assert self_signed_leaf(tmp_path, HOST[:1], 90)[0].cert_pem != made.cert_pem
    kept = self_signed_leaf(tmp_path, HOST[:1], 90)[0]
    at(datetime.now(UTC) + timedelta(days=61))
    assert self_signed_leaf(tmp_path, HOST[:1], 90)[0].cert_pem != kept.cert_pem


def test_a_self_signed_one_is_pinned_by_its_own_file(tmp_path: Path) -> None:
    made, public = self_signed_leaf(tmp_path, ["localhost"], 90)
    pair = tmp_path / "pair.pem"
    pair.write_text(made.cert_pem + made.key.reveal())
    server, client = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    server.load_cert_chain(pair)
    client = ssl.create_default_context(cafile=str(public))
    client.verify_flags |= ssl.VERIFY_X509_STRICT
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    here = client.wrap_bio(incoming, outgoing, server_hostname="localhost")
    there = server.wrap_bio(outgoing, incoming, server_side=True)
    for _ in range(4):
        for side in (here, there):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
    assert here.getpeercert()
