"""Certificates from an ACME server that is not ours: pebble, which asks the edge as a CA would."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.lab.certified import HOST, METRIC, edge_deploy, renewed, shown, traffic
from tests.lab.client import Client
from tests.lab.rack import LAB, ROOT, TestRack, firstlight

# What a DNS provider's program would do: the lab's name server is told over HTTP.
PROVIDER = "/usr/local/bin/lab-dns"
STORE = "/etc/credstore.encrypted"
PROGRAM = r"""
cat >%(path)s <<'EOF'
#!/bin/sh
case $1 in
  present) curl -sf -m 5 -d "{\"host\":\"$2\",\"value\":\"$3\"}" %(url)s/set-txt ;;
  *) curl -sf -m 5 -d "{\"host\":\"$2\"}" %(url)s/clear-txt ;;
esac
EOF
chmod 755 %(path)s
"""


class AcmeEdge:
    """The lab with its ACME server, and a client that trusts that server's root alone."""

    def __init__(self, rack: TestRack) -> None:
        self.rack, self.told = rack, rack.state.extras["acme"]
        self.root = ROOT / self.told["root"]
        self.client: Client = replace(rack.client(HOST), ca=self.root)

    def deploy(self, challenge: str, **more: Any) -> None:
        acme = {
            "directory": self.told["directory"],
            "server_ca": str(ROOT / self.told["server_ca"]),
            "email": "ops@example.net",
            "challenge": challenge,
        }
        tls = {"mode": "acme", "ca": str(self.root), "acme": acme | more}
        run = edge_deploy(self.rack, tls)
        assert run.code == 0, run.text

    def renewed(self) -> None:
        """Another certificate while requests go on, none of which fails."""
        before = shown(self.client).serial_number
        with traffic(self.client):
            renewed(self.rack)
        assert shown(self.client).serial_number != before


@pytest.fixture(scope="module")
def acme(deployed: TestRack) -> Iterator[AcmeEdge]:
    firstlight("lab", "up", "--name", LAB, "--acme")
    yield AcmeEdge(TestRack.load())
    run = edge_deploy(deployed, None)
    assert run.code == 0, run.text
    assert deployed.client(HOST).answers()
    left = "/etc/firstlight/tls/dns /etc/firstlight/tls/server-ca.crt"
    left += " /etc/systemd/system/firstlight-certificate.service.d"
    deployed.sh(HOST, f"rm -rf {PROVIDER} {STORE}; ! ls {left} 2>/dev/null")


def test_http_01(acme: AcmeEdge) -> None:
    """The first certificate comes through an edge that had none of that server."""
    acme.deploy("http-01")
    leaf = shown(acme.client)
    assert "Pebble" in leaf.issuer.rfc4514_string()
    assert acme.client.answers()
    told = acme.rack.sh(HOST, f"cat {METRIC}").out
    assert 'certificate_served{domain="lab1.firstlight.internal",mode="acme"} 1' in told
    folders = "/etc/firstlight/tls /var/lib/firstlight/tls /var/lib/firstlight/acme"
    assert acme.rack.sh(HOST, f"find {folders} -type f -perm /077").out == ""
    url = "http://127.0.0.1/.well-known/acme-challenge/x"
    assert acme.rack.sh(HOST, f"curl -s -o /dev/null -w '%{{http_code}}' {url}").out == "404"


def test_tls_alpn_01(acme: AcmeEdge) -> None:
    """The public port tells an ACME server from everyone else, and requests go on meanwhile."""
    acme.deploy("tls-alpn-01")
    acme.renewed()


def test_dns_01(acme: AcmeEdge, tmp_path: Path) -> None:
    """Nothing on the host is asked for: a record in the DNS is; the provider's secret stays one."""
    interval = tmp_path / "interval"
    interval.write_text("2\n")
    interval.chmod(0o600)
    # One secret from here, the other encrypted by the host for itself.
    seal = f"systemd-creds encrypt --name=dns-path - {STORE}/dns-path"
    acme.rack.sh(HOST, f"mkdir -p -m 700 {STORE}; printf %s {PROVIDER} | {seal}")
    acme.rack.sh(HOST, PROGRAM % {"path": PROVIDER, "url": acme.told["dns_management"]})
    acme.deploy(
        "dns-01",
        dns_provider="exec",
        dns_credentials={
            "EXEC_PATH": {"credential": "dns-path"},
            "EXEC_POLLING_INTERVAL": str(interval),
        },
        dns_resolvers=[acme.told["dns"]],
        dns_wait=False,
    )
    acme.renewed()
    handed = acme.rack.sh(HOST, "systemctl cat firstlight-certificate.service").out
    assert f"LoadCredentialEncrypted=dns-path:{STORE}/dns-path" in handed
    assert "LoadCredential=EXEC_POLLING_INTERVAL:" in handed
    unit = acme.rack.sh(HOST, "systemctl show firstlight-certificate.service; ps ax").out
    assert "firstlight-certificate" in unit and PROVIDER not in unit


def test_a_renewal_that_fails_leaves_the_certificate(acme: AcmeEdge) -> None:
    before = shown(acme.client).serial_number
    acme.rack.sh(HOST, f"mv {PROVIDER} {PROVIDER}.away")
    try:
        assert renewed(acme.rack, check=False).code != 0
    finally:
        acme.rack.sh(HOST, f"mv {PROVIDER}.away {PROVIDER}; rm -f /run/firstlight/certificate-due")
    assert shown(acme.client).serial_number == before
    told = acme.rack.sh(HOST, f"cat {METRIC}").out
    assert 'renewal_failed{domain="lab1.firstlight.internal",mode="acme"} 1' in told
