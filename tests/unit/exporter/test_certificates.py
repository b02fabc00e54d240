"""Certificates: which are shown, and when each of them ends."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from firstlight import pki
from firstlight.exporter import certificates
from firstlight.exporter.page import Page
from tests.unit.exporter.machine import SPEC, Machine, samples

CURRENT = "/etc/nginx/current"


def made(year: int, day: int = 1) -> tuple[str, int]:
    """A certificate that ends in ``year``, and that end as a Unix time."""
    end = datetime.datetime(year, 6, day, 23, 59, 7, tzinfo=datetime.UTC)
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "a")])
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC))
        .not_valid_after(end)
        .sign(key, hashes.SHA256())
    )
    return built.public_bytes(serialization.Encoding.PEM).decode(), int(end.timestamp())


@pytest.mark.parametrize("year", [2026, 2049, 2050, 2130])
def test_the_end_of_a_certificate(year: int) -> None:
    """From 2050 on the time is written in another way."""
    pem, end = made(year)
    assert certificates.not_after("a comment\n" + pem + made(2030)[0]) == end


def test_one_of_our_own(tmp_path: Path) -> None:
    authority = pki.Authority.load_or_create(tmp_path / "ca", "test")
    leaf = pki.leaf(authority, tmp_path / "leaf", "llm.example.net", ["llm.example.net"])
    read = x509.load_pem_x509_certificate(leaf.cert_pem.encode())
    assert certificates.not_after(leaf.cert_pem) == read.not_valid_after_utc.timestamp()


@pytest.mark.parametrize(
    "text", ["", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"]
)
def test_what_is_none(text: str) -> None:
    with pytest.raises((ValueError, IndexError)):
        certificates.not_after(text)


def told(machine: Machine) -> dict[str, float]:
    page = Page()
    certificates.told(page, SPEC, machine.root)
    return {
        series.partition('name="')[2].rstrip('"}'): value for series, value in samples(page).items()
    }


def test_those_that_nginx_shows(machine: Machine) -> None:
    edge, gate, sooner, visitor, issuer = (made(year) for year in (2026, 2028, 2027, 2029, 2036))
    crt = machine.put("/tls/edge/current/tls.crt", edge[0])
    pair = f"  ssl_certificate {crt};\n  ssl_certificate_key {crt.with_name('tls.key')};\n"
    machine.put(f"{CURRENT}/tls.conf", f"# ssl_certificate /no/comment.crt;\n{pair}")
    old = machine.put("/other/gate.crt", sooner[0])
    machine.put(f"{CURRENT}/gate.crt", gate[0])
    machine.put(f"{CURRENT}/gates.conf", "ssl_certificate gate.crt;\n")
    machine.put(f"{CURRENT}/telemetry.conf", f'    ssl_certificate "{old}";\n')
    machine.put(f"{CURRENT}/visitor.crt", visitor[0])
    machine.put(f"{CURRENT}/visitor.conf", "proxy_ssl_certificate visitor.crt;\n")
    machine.put(f"{CURRENT}/acme.conf", "ssl_certificate $acme_certificate;\n")
    machine.put("/etc/tls/issuer.crt", issuer[0])
    assert told(machine) == {
        "edge": edge[1], "gate": sooner[1], "visitor": visitor[1], "issuer": issuer[1],
    }  # fmt: skip


def test_one_that_is_not_there_hides_no_other(machine: Machine) -> None:
    machine.put(f"{CURRENT}/tls.conf", "ssl_certificate /not/there.crt;\n")
    pem, end = made(2027)
    machine.put("/etc/tls/issuer.crt", pem)
    assert told(machine) == {"issuer": end}


def test_a_host_without_any(machine: Machine) -> None:
    assert told(machine) == {}
