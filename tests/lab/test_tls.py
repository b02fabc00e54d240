"""The public port: TLS that verifies with the site's CA only, and nothing beside it."""

from __future__ import annotations

import http.client
import socket
import ssl
from pathlib import Path

import pytest

from firstlight.certificate import certificate_pem, key_pem, new_key, self_signed
from tests.lab.certified import edge_deploy, renewed, shown, traffic
from tests.lab.client import Client
from tests.lab.rack import TestRack


@pytest.fixture
def client(deployed: TestRack) -> Client:
    return deployed.client("lab1")


def handshake(client: Client, context: ssl.SSLContext, name: str = "") -> ssl.SSLSocket:
    raw = socket.create_connection((client.address, 443), timeout=10)
    return context.wrap_socket(raw, server_hostname=name or client.domain)


def test_the_certificate_verifies_with_the_sites_ca(client: Client) -> None:
    for name in (client.domain, client.address):
        with handshake(client, client.trusting(), name) as connection:
            assert connection.version() == "TLSv1.3"


def test_it_verifies_for_no_other_name_and_with_no_other_ca(client: Client) -> None:
    with pytest.raises(ssl.SSLCertVerificationError, match=r"[Hh]ostname mismatch"):
        handshake(client, client.trusting(), "lab2.firstlight.internal")
    with pytest.raises(ssl.SSLCertVerificationError, match=r"issuer|self.signed"):
        handshake(client, ssl.create_default_context())


def test_http_2_is_spoken(client: Client) -> None:
    context = client.trusting()
    context.set_alpn_protocols(["h2", "http/1.1"])
    with handshake(client, context) as connection:
        assert connection.selected_alpn_protocol() == "h2"


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_old_versions_are_refused_by_the_server(client: Client, version: ssl.TLSVersion) -> None:
    context = client.trusting()
    context.set_ciphers("ALL:@SECLEVEL=0")  # so that it is not this side that refuses
    context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, version
    with pytest.raises(ssl.SSLError, match=r"ALERT_PROTOCOL_VERSION|alert protocol version"):
        handshake(client, context)


def test_plain_http_only_points_to_https(client: Client) -> None:
    connection = http.client.HTTPConnection(client.address, 80, timeout=10)
    connection.request("GET", "/v1/models?x=1")
    answer = connection.getresponse()
    assert answer.status == 301
    assert answer.headers["Location"] == f"https://{client.domain}/v1/models?x=1"
    connection.close()


def test_nothing_else_listens_to_the_outside(deployed: TestRack) -> None:
    lines = deployed.sh("lab1", "ss -Htln | awk '{print $4}'").out.split()
    outside = {line for line in lines if not line.startswith(("127.", "[::1]"))}
    assert {line.rpartition(":")[2] for line in outside} == {"22", "80", "443"}
    assert not any(line.endswith((":8000", ":8080")) for line in lines)


@pytest.mark.parametrize("port", [8000, 8080, 2375])
def test_an_engine_cannot_be_reached_past_the_edge(client: Client, port: int) -> None:
    # The firewall does not even say that nothing listens there.
    with pytest.raises(TimeoutError):
        socket.create_connection((client.address, port), timeout=2)


def test_the_host_renews_its_certificate_and_no_request_notices(deployed: TestRack) -> None:
    client = deployed.client("lab1")
    before = shown(client)
    with traffic(client):
        renewed(deployed)
    after = shown(client)
    assert after.serial_number != before.serial_number and after.issuer == before.issuer
    # The root's key has never been there, and what is not due is left alone.
    held = deployed.sh("lab1", "ls /etc/firstlight/tls").out.split()
    assert "issuer.key" in held and "root.crt" in held and "ca.key" not in held
    again = "/usr/local/lib/firstlight/certificate renew /etc/firstlight/tls 2>&1"
    assert "not due" in deployed.sh("lab1", again).out
    assert shown(client).serial_number == after.serial_number


def test_a_certificate_that_clients_would_refuse_changes_nothing(
    deployed: TestRack, tmp_path: Path
) -> None:
    key, before = new_key(), deployed.state_of("lab1")
    made = self_signed(key, ["other.example.net"], 9)
    (tmp_path / "chain.pem").write_bytes(certificate_pem(made))
    (tmp_path / "leaf.key").write_bytes(key_pem(key))
    (tmp_path / "leaf.key").chmod(0o600)
    given = {"certificate": str(tmp_path / "chain.pem"), "key": str(tmp_path / "leaf.key")}
    run = edge_deploy(deployed, {"mode": "files", "ca": given["certificate"], **given})
    assert run.code != 0 and "Traceback" not in run.text
    assert "the certificate is not for lab1.firstlight.internal" in run.text
    assert deployed.state_of("lab1") == before
