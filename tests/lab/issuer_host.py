"""A token issuer's web server on a host of the lab: HTTPS under a CA of its own, on loopback."""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.identity.issuer import ec_key
from tests.lab.rack import TestRack

FOLDER, PORT = "/run/firstlight-test-issuer", 8444
URL = f"https://localhost:{PORT}/jwks.json"
UNIT = "firstlight-test-issuer"
SERVER = f"""
import http.server, ssl
handler = lambda *a: http.server.SimpleHTTPRequestHandler(*a, directory='{FOLDER}/www')
server = http.server.ThreadingHTTPServer(('127.0.0.1', {PORT}), handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain('{FOLDER}/server.pem')
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
"""
START = """
set -eu; mkdir -p {folder}/www; umask 077
cat >{folder}/server.pem <<'END'
{pem}END
cat >{folder}/server.py <<'END'
{server}END
systemctl stop {unit} 2>/dev/null || true
systemd-run --quiet --unit {unit} python3 {folder}/server.py
for _ in $(seq 50); do ss -Hltn 'sport = {port}' | grep -q . && exit 0; sleep 0.1; done; exit 1
"""


class IssuerHost:
    """The server on lab1; ``ca`` is the file that its certificate is checked with."""

    def __init__(self, rack: TestRack, folder: Path) -> None:
        self.rack, self.ca = rack, folder / "issuer-ca.crt"
        private = ec_key()
        certificate = self_signed(private)
        self.ca.write_bytes(certificate)
        key = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        self._pem = (certificate + key).decode()

    def start(self) -> None:
        text = START.format(folder=FOLDER, port=PORT, unit=UNIT, pem=self._pem, server=SERVER)
        self.rack.sh("lab1", text)

    def stop(self) -> None:
        self.rack.sh("lab1", f"systemctl stop {UNIT}; systemctl reset-failed {UNIT}", check=False)

    def publish(self, jwks: dict[str, Any] | str) -> None:
        text = jwks if isinstance(jwks, str) else json.dumps(jwks)
        script = f"mkdir -p {FOLDER}/www; cat >{FOLDER}/www/jwks.json <<'END'\n{text}\nEND\n"
        self.rack.sh("lab1", script)


def self_signed(private: Any) -> bytes:
    """A certificate for localhost that is its own CA."""
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(minutes=5))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(private, hashes.SHA256())
    )
    return made.public_bytes(Encoding.PEM)
