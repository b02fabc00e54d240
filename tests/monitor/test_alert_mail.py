"""Mail goes to a server of the site's own CA, encrypted, with a password that nobody else sees."""

from __future__ import annotations

import base64
import ssl
from pathlib import Path

from firstlight import pki
from tests.monitor.alerting import running
from tests.monitor.sinks import until


def test_mail_is_encrypted_and_signed_in(tmp_path: Path) -> None:
    authority = pki.Authority.load_or_create(tmp_path / "ca", "test")
    pki.leaf(authority, tmp_path / "leaf", "localhost", ["127.0.0.1"])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "leaf/localhost.pem")
    (tmp_path / "mail.crt").write_text(authority.pem)
    with running(tmp_path, context) as told:
        told.fire({"alertname": "GpuHot", "severity": "critical", "instance": "gpu1"})
        assert until(lambda: told.mail.mails), told.log()
        said = base64.b64decode(told.mail.signed_in[0].split()[-1])
        assert said == b"\0monitor\0SECRET-six"
        assert "SECRET" not in told.log() + told.get("/api/v2/status")


def test_a_server_of_another_ca_gets_nothing(tmp_path: Path) -> None:
    authority = pki.Authority.load_or_create(tmp_path / "ca", "test")
    pki.leaf(authority, tmp_path / "leaf", "localhost", ["127.0.0.1"])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "leaf/localhost.pem")
    other = pki.Authority.load_or_create(tmp_path / "other", "test")
    (tmp_path / "mail.crt").write_text(other.pem)
    with running(tmp_path, context) as told:
        told.fire({"alertname": "GpuHot", "severity": "critical", "instance": "gpu1"})
        assert until(lambda: "certificate" in told.log()), told.log()
        assert not told.mail.signed_in and not told.mail.mails
