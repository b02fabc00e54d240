"""The certificates of the edges: kept while they fit, renewed in time, judged by openssl."""

from __future__ import annotations

import stat
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from firstlight import pki
from firstlight.pki import Authority

NAMES = ["10.0.0.1", "other.example.net", "2001:db8::1"]


def test_openssl_accepts_a_leaf(
    authority: Authority, tmp_path: Path, openssl: Callable[..., str]
) -> None:
    leaf = pki.leaf(authority, tmp_path / "edges", "llm.example.net", NAMES, 90)
    pem = tmp_path / "leaf.pem"
    pem.write_text(leaf.cert_pem)
    root = str(authority.path)
    strict = ["verify", "-x509_strict", "-purpose", "sslserver", "-CAfile", root]
    for check in (
        ["-verify_hostname", "llm.example.net"],
        ["-verify_hostname", "other.example.net"],
        ["-verify_ip", "10.0.0.1"],
        ["-verify_ip", "2001:db8::1"],
    ):
        assert openssl(*strict, *check, str(pem)).strip() == f"{pem}: OK"
    assert "OK" not in openssl(*strict, "-verify_hostname", "evil.example.net", str(pem))
    other = Authority.load_or_create(tmp_path / "other", "lab")
    assert "OK" not in openssl("verify", "-CAfile", str(other.path), str(pem))


def test_what_a_leaf_says(authority: Authority, tmp_path: Path) -> None:
    leaf = pki.leaf(authority, tmp_path / "edges", "llm.example.net", NAMES, 90)
    held = x509.load_pem_x509_certificate(leaf.cert_pem.encode())
    usage = held.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert [each.dotted_string for each in usage] == ["1.3.6.1.5.5.7.3.1"]
    life = leaf.not_after - held.not_valid_before_utc
    assert timedelta(days=90) <= life < timedelta(days=91)
    stored = tmp_path / "edges" / "llm.example.net.pem"
    assert stat.S_IMODE(stored.stat().st_mode) == 0o600
    assert "PRIVATE" not in repr(leaf) and "PRIVATE" in leaf.key.reveal()


@pytest.mark.parametrize("domain", ["a" * 60 + "." + "b" * 60 + ".example", "10.0.0.1", "::1"])
def test_odd_domains(
    domain: str, authority: Authority, tmp_path: Path, openssl: Callable[..., str]
) -> None:
    pem = tmp_path / "leaf.pem"
    pem.write_text(pki.leaf(authority, tmp_path / "edges", domain, [], 90).cert_pem)
    kind = "-verify_hostname" if domain[0] == "a" else "-verify_ip"
    verify = ["verify", "-x509_strict", "-CAfile", str(authority.path), kind, domain]
    assert openssl(*verify, str(pem)).strip() == f"{pem}: OK"


def test_a_leaf_is_kept_while_it_fits(
    authority: Authority, tmp_path: Path, at: Callable[[datetime], None]
) -> None:
    edges, day = tmp_path / "edges", timedelta(days=1)
    first = pki.leaf(authority, edges, "a.net", NAMES, 90)
    assert pki.leaf(authority, edges, "a.net", reversed(NAMES), 90) == first
    now = datetime.now(UTC)
    at(now + 59 * day)
    assert pki.leaf(authority, edges, "a.net", NAMES, 90) == first
    at(now + 61 * day)
    second = pki.leaf(authority, edges, "a.net", NAMES, 90)
    assert second.cert_pem != first.cert_pem and second.not_after > first.not_after
    assert pki.leaf(authority, edges, "a.net", NAMES, 90) == second


def test_a_leaf_is_renewed_when_it_does_not_fit(authority: Authority, tmp_path: Path) -> None:
    edges = tmp_path / "edges"
    stored = edges / "a.net.pem"
    seen = [pki.leaf(authority, edges, "a.net", [], 90).cert_pem]
    seen.append(pki.leaf(authority, edges, "a.net", ["b.net"], 90).cert_pem)
    seen.append(pki.leaf(authority, edges, "a.net", ["b.net"], 30).cert_pem)
    stored.write_bytes(b"damaged")
    seen.append(pki.leaf(authority, edges, "a.net", ["b.net"], 30).cert_pem)
    stored.chmod(0o644)
    seen.append(pki.leaf(authority, edges, "a.net", ["b.net"], 30).cert_pem)
    other = Authority.load_or_create(tmp_path / "other", "lab")
    seen.append(pki.leaf(other, edges, "a.net", ["b.net"], 30).cert_pem)
    assert len(set(seen)) == len(seen)
    assert stat.S_IMODE(stored.stat().st_mode) == 0o600


def test_a_leaf_does_not_outlive_its_root(
    authority: Authority, tmp_path: Path, at: Callable[[datetime], None]
) -> None:
    at(authority.not_after - timedelta(days=30))
    leaf = pki.leaf(authority, tmp_path / "edges", "a.net", [], 90)
    assert leaf.not_after == authority.not_after
    assert pki.leaf(authority, tmp_path / "edges", "a.net", [], 90) == leaf
