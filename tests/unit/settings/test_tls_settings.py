"""What contradicts itself in the settings of TLS, each as one mistake that says what to do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from firstlight.settings import SettingsError
from tests.site import Load, load

__all__ = ["load"]

ACME: dict[str, Any] = {"email": "ops@example.net"}
DNS: dict[str, Any] = ACME | {"challenge": "dns-01", "dns_provider": "cloudflare"}


def mistakes(load: Load, tls: dict[str, Any], **edge: Any) -> str:
    domain = {"domain": edge.pop("domain")} if "domain" in edge else {}
    with pytest.raises(SettingsError) as error:
        load(edge={"tls": tls, **edge}, **domain)
    return str(error.value)


@pytest.mark.parametrize(
    ("tls", "said"),
    [
        ({"mode": "files"}, "edge.tls.certificate: found nothing, expected a file"),
        ({"certificate": "x.pem"}, "edge.tls.certificate: found a value with mode internal-ca"),
        (
            {"mode": "self-signed", "ca": "x.pem"},
            "edge.tls.ca: found a value with mode self-signed",
        ),
        ({"acme": ACME}, "edge.tls.acme: found a value with mode internal-ca"),
        ({"mode": "acme"}, "edge.tls.acme.email: found nothing, expected an e-mail address"),
        ({"mode": "acme", "acme": ACME | {"staging": True}}, "edge.tls.ca: found nothing"),
        (
            {"mode": "acme", "acme": ACME | {"staging": True, "directory": "https://ca.example/d"}},
            "edge.tls.acme.directory: found https://ca.example/d",
        ),
        ({"mode": "acme", "acme": {"directory": "http://ca.example/d"}}, "an https URL"),
        ({"mode": "acme", "acme": ACME | {"challenge": "dns-01"}}, "edge.tls.acme.dns_provider"),
        ({"mode": "acme", "acme": ACME | {"dns_provider": "x"}}, "or challenge dns-01"),
        ({"mode": "acme", "acme": ACME | {"server_ca": "no.pem"}}, "edge.tls.acme.server_ca"),
        ({"mode": "acme", "ca": "no.pem", "acme": ACME}, "edge.tls.ca: found"),
        ({"mode": "acme", "acme": DNS | {"dns_credentials": {"A_TOKEN": "no"}}}, "is missing"),
        ({"mode": "acme", "acme": DNS | {"dns_credentials": {"A_FILE": "x"}}}, "without _FILE"),
        ({"profile": "old"}, "edge.tls.profile"),
        ({"hsts": -1}, "edge.tls.hsts"),
    ],
)
def test_mistakes(load: Load, tls: dict[str, Any], said: str) -> None:
    assert said in mistakes(load, tls)


def test_ports_and_names_that_a_challenge_needs(load: Load) -> None:
    acme = {"mode": "acme", "acme": ACME}
    assert "edge.http_port: found 8080, expected 80" in mistakes(load, acme, http_port=8080)
    alpn = {"mode": "acme", "acme": ACME | {"challenge": "tls-alpn-01"}}
    assert "edge.port: found 8443, expected 443" in mistakes(load, alpn, port=8443)
    assert "domain: found 192.0.2.7" in mistakes(load, acme, domain="192.0.2.7")


def test_credentials_are_private(load: Load, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("t0ken\n")
    tls = {"mode": "acme", "acme": DNS | {"dns_credentials": {"A_TOKEN": str(token)}}}
    token.chmod(0o644)
    assert "can be read by others" in mistakes(load, tls)
    token.chmod(0o600)
    assert load(edge={"tls": tls}).edge.tls.acme.dns_provider == "cloudflare"


def test_files_are_looked_at_before_any_host(load: Load, tmp_path: Path) -> None:
    for name in ("chain.pem", "leaf.key"):
        (tmp_path / name).write_text("x")
    tls = {"mode": "files", "certificate": "chain.pem", "key": "leaf.key"}
    found = mistakes(load, tls)
    assert "edge.tls: the certificate cannot be used" in found
    assert "no certificate in PEM" in found


def test_without_an_edge_nothing_is_asked(load: Load) -> None:
    assert not load(edge={"enabled": False, "tls": {"mode": "acme"}}).edge.enabled
