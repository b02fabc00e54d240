"""TLS as files of a release, and what a host looks after itself."""

from __future__ import annotations

from typing import Any

import pytest

from firstlight import site
from firstlight.edge import certificates, tls
from firstlight.pki import Authority
from firstlight.secret import Secret
from tests.site import Load, load

__all__ = ["load"]

ACME: dict[str, Any] = {"mode": "acme", "acme": {"email": "ops@example.net"}}
INTERMEDIATE = """\
# Mozilla's guideline "intermediate".
ssl_certificate /release/tls.crt;
ssl_certificate_key /release/tls.key;
ssl_protocols TLSv1.2 TLSv1.3;
ssl_ciphers ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305;
ssl_ecdh_curve X25519:prime256v1:secp384r1;
ssl_prefer_server_ciphers off;
ssl_session_timeout 1d;
ssl_session_cache shared:firstlight:10m;
ssl_session_tickets off;
"""
MODERN = """\
# Mozilla's guideline "modern".
ssl_certificate /release/tls.crt;
ssl_certificate_key /release/tls.key;
ssl_protocols TLSv1.3;
ssl_ecdh_curve X25519MLKEM768:X25519:prime256v1:secp384r1;
ssl_prefer_server_ciphers off;
ssl_session_timeout 1d;
ssl_session_cache shared:firstlight:10m;
ssl_session_tickets off;
"""


def made(
    load: Load, given: dict[str, Any], openssl: str = "3.5", **data: Any
) -> dict[str, str | Secret]:
    settings = load(edge={"tls": given}, **data)
    certificate = site.certificate(settings)
    return tls.files(settings, certificate, openssl=openssl, folder="/release", ipv6=True)


def conf(files: dict[str, str | Secret], name: str) -> str:
    text = files[name]
    assert isinstance(text, str)
    return text


@pytest.mark.parametrize(
    ("profile", "openssl", "text"),
    [("intermediate", "3.0", INTERMEDIATE), ("modern", "3.5", MODERN)],
)
def test_profiles(load: Load, profile: str, openssl: str, text: str) -> None:
    files = made(load, {"mode": "self-signed", "profile": profile}, openssl)
    assert files["tls.conf"] == text
    assert isinstance(files["tls.key"], Secret)
    assert set(files) == {"tls.conf", "challenge.conf", "tls.crt", "tls.key"}
    assert "location" not in conf(files, "challenge.conf")


def test_what_a_host_renews_is_outside_of_the_release(load: Load) -> None:
    files = made(load, {})
    place = "/var/lib/firstlight/tls/internal-ca/llm.example.net/current"
    assert f"ssl_certificate {place}/tls.crt;" in conf(files, "tls.conf")
    assert set(files) == {"tls.conf", "challenge.conf"}


def test_a_root_of_before_signs_the_leaf_itself(
    load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Authority, "delegates", False)
    files = made(load, {})
    assert "ssl_certificate /release/tls.crt;" in conf(files, "tls.conf")
    assert site.issuer(load()) is None and "tls.key" in files
    held = certificates.files(load(), site.names(load()), None, "")
    assert "/etc/systemd/system/firstlight-certificate-expiry.timer" in held
    assert "/etc/systemd/system/firstlight-certificate.timer" not in held


def test_what_clients_check_with(load: Load) -> None:
    def trusted(given: dict[str, Any]) -> str | None:
        path = site.trust(load(edge={"tls": given}))
        return path.name if path else None

    assert trusted({}) == "ca.crt" and trusted({"mode": "self-signed"}) == "self-signed.crt"
    assert trusted(ACME) is None


def test_http_01(load: Load) -> None:
    files = made(load, ACME)
    assert "proxy_pass http://127.0.0.1:402;" in conf(files, "challenge.conf")
    assert "stream.conf" not in files


def test_tls_alpn_01(load: Load) -> None:
    given = ACME | {"acme": ACME["acme"] | {"challenge": "tls-alpn-01"}}
    files, settings = made(load, given), load(edge={"tls": given})
    stream = conf(files, "stream.conf")
    assert '"acme-tls/1" unix:/run/firstlight-gates/.acme.sock;' in stream
    assert (
        "listen 443 so_keepalive=60s:10s:6;" in stream
        and "listen [::]:443 so_keepalive=60s:10s:6;" in stream
    )
    assert "real_ip_header proxy_protocol;" in conf(files, "tls.conf")
    way = tls.doors(settings, ipv6=True)
    assert way.listen == ("unix:/run/firstlight-gates/.door.sock proxy_protocol",) and way.stream
    assert tls.doors(load(), ipv6=True).listen == ("443", "[::]:443")
    assert tls.doors(load(edge={"port": 8443}), ipv6=False).listen == ("8443",)


def test_nobody_but_root_can_answer_a_challenge(load: Load) -> None:
    assert max(tls.ACME_HTTP_PORT, tls.ACME_TLS_PORT) < 1024


def test_hsts(load: Load) -> None:
    assert tls.hsts(load()) == "max-age=63072000"
    assert tls.hsts(load(edge={"tls": {"hsts": 0}})) == ""


def test_what_is_secret_is_told_to_root_alone(load: Load, tmp_path: Any) -> None:
    token = tmp_path / "token"
    token.write_text("t0ken\n")
    token.chmod(0o600)
    acme = ACME["acme"] | {
        "challenge": "dns-01", "dns_provider": "cloudflare", "dns_credentials": {"A_TOKEN": token}
    }  # fmt: skip
    settings = load(edge={"tls": {"mode": "acme", "acme": acme}})
    files = certificates.files(settings, site.names(settings), None, "")
    secret = files["/etc/firstlight/tls/dns/A_TOKEN"]
    assert isinstance(secret, Secret) and secret.reveal() == "t0ken"
    assert not any("t0ken" in text for text in files.values() if isinstance(text, str))
    modes = {path: certificates.mode_of(path, text) for path, text in files.items()}
    assert {mode for path, mode in modes.items() if "/tls/" in path} == {"600"}
    assert "credentials=A_TOKEN\n" in conf(files, "/etc/firstlight/tls/settings")


def test_what_asks_for_another_certificate(load: Load) -> None:
    def of(**data: Any) -> str:
        settings = load(**data)
        return certificates.purpose(settings, site.names(settings), site.issuer(settings))

    own = of()
    assert own == of() == of(edge={"tls": {"profile": "modern", "hsts": 0}})
    others = [
        of(domain="b.example.net"), of(address="192.0.2.7"), of(edge={"tls": {"leaf_days": 30}}),
        of(edge={"tls": ACME}), of(edge={"tls": {"mode": "acme", "acme": ACME["acme"] | {
            "directory": "https://ca.example/d"}}}),
    ]  # fmt: skip
    assert len({own, *others}) == 6


def test_what_another_mode_left_goes(load: Load) -> None:
    def left(given: dict[str, Any]) -> set[str]:
        settings = load(edge={"tls": given})
        files = certificates.files(settings, site.names(settings), site.issuer(settings), "root")
        return {path.rpartition("/")[2] for path in certificates.absent(settings, files)}

    timers = {"firstlight-certificate.service", "firstlight-certificate.timer"}
    own = {"issuer.crt", "issuer.key", "root.crt"}
    acme = {"server-ca.crt", "dns", "firstlight-certificate.service.d"}
    assert left({}) == acme
    assert left(ACME) == own | acme
    assert left({"mode": "self-signed"}) == own | timers | acme
