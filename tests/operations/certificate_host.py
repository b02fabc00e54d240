"""A host that looks after its certificate: real openssl, and an nginx that shows what it read."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from firstlight import site
from firstlight.edge import certificates
from firstlight.rendering import TEMPLATES
from firstlight.secret import Secret
from firstlight.settings import HostSettings
from tests.site import Load
from tests.stubs import Stubs

PROGRAM = TEMPLATES / "usr/local/lib/firstlight/certificate"
ACME = {"mode": "acme", "acme": {"email": "ops@example.net"}}
# What nginx shows is what the link named when it was started or reloaded last.
SYSTEMCTL = 'case "$1" in is-active) [ -e {edge}/running ] ;; reload) cp {place}/current/tls.crt {edge}/shown ;; esac'
# Verified at the time that the host has.
OPENSSL = 'case "$1" in s_client) cat {edge}/shown 2>/dev/null ;; verify) shift; exec {openssl} verify -attime "$(date +%s)" "$@" ;; *) exec {openssl} "$@" ;; esac'


@dataclass
class CertificateHost:
    """Folders in place of the host's, and the program's settings in one of them."""

    base: Path
    stubs: Stubs
    load: Load
    openssl: str

    def give(self, **tls: Any) -> HostSettings:
        """Lay down what a deploy with these settings of edge.tls would."""
        settings = self.load(address="192.0.2.7", edge={"tls": tls})
        issuer = site.issuer(settings)
        root = site.authority(settings).pem if issuer else ""
        self.purpose = certificates.purpose(settings, site.names(settings), issuer)
        folder = self.base / "etc"
        for name, text in certificates.files(settings, site.names(settings), issuer, root).items():
            if name.startswith(f"{certificates.FOLDER}/"):
                path = folder / name.removeprefix(f"{certificates.FOLDER}/")
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text.reveal() if isinstance(text, Secret) else text)
        self.mode = settings.edge.tls.mode
        for name, fixed in (
            ("settings", "/var/lib/firstlight"), ("settings", "/run/firstlight"),
            ("settings", "/etc/nginx/firstlight"),
        ):  # fmt: skip
            path = folder / name
            path.write_text(path.read_text().replace(fixed, f"{self.base}{fixed}"))
        (self.base / "var/lib/firstlight/edge").mkdir(parents=True, exist_ok=True)
        given = {"edge": self.edge, "place": self.place, "openssl": self.openssl}
        self.stubs.add("nginx")
        self.stubs.add("systemctl", SYSTEMCTL.format(**given))
        self.stubs.add("openssl", OPENSSL.format(**given))
        self.stubs.add("lego")
        return settings

    @property
    def edge(self) -> Path:
        path = self.base / "etc/nginx/firstlight/current"
        path.mkdir(parents=True, exist_ok=True)
        return path

    @property
    def place(self) -> Path:
        return self.base / f"var/lib/firstlight/tls/{self.mode}/llm.example.net"

    @property
    def current(self) -> Path:
        return self.place / "current"

    @property
    def asked(self) -> Path:
        return self.base / "run/firstlight/certificate-due"

    @property
    def metric(self) -> str:
        return (self.base / "var/lib/firstlight/edge/certificate.prom").read_text()

    def edge_runs(self) -> None:
        """Have nginx run a release that names this certificate."""
        (self.edge / "running").touch()
        (self.edge / "tls.conf").write_text(f"ssl_certificate {self.place}/current/tls.crt;\n")
        (self.edge / "shown").write_bytes((self.current / "tls.crt").read_bytes())

    def run(self, verb: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["sh", str(PROGRAM), verb, str(self.base / "etc")],
            env=self.stubs.env, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip

    def chain(self) -> list[x509.Certificate]:
        return x509.load_pem_x509_certificates((self.current / "tls.crt").read_bytes())

    def reloads(self) -> int:
        return self.stubs.calls().count("systemctl reload nginx.service")

    def age(self, days: int) -> None:
        """Let the host's clock be ``days`` ahead."""
        now = int(datetime.now(UTC).timestamp()) + days * 86400
        real = "/bin/date" if os.access("/bin/date", os.X_OK) else "/usr/bin/date"
        body = f'case "$*" in +%s) echo {now} ;; *) exec {real} "$@" ;; esac'
        self.stubs.add("date", body)


@pytest.fixture
def certified(tmp_path: Path, stubs: Stubs, load: Load) -> CertificateHost:
    found = subprocess.run(
        ["sh", "-c", "command -v openssl"], capture_output=True, text=True, check=False
    )
    if found.returncode:
        pytest.skip("openssl is not installed")
    return CertificateHost(tmp_path / "host", stubs, load, found.stdout.strip())
