"""What a site keeps for its users on the control machine, templates, and the SSH transport."""

from __future__ import annotations

import shlex
import socket

import jinja2
import paramiko
import pytest

from firstlight import site
from firstlight.rendering import TEMPLATES, render, verbatim
from firstlight.transport import fast_transport, peer_address, traffic_to
from tests.site import Load


def test_a_curl_line_that_works_when_pasted_and_shows_no_key(load: Load) -> None:
    settings = load(address="192.0.2.7", edge={"port": 8443})
    key = site.probe_key(settings)
    site.authority(settings)
    words = shlex.split(site.curl_line(settings, key, "tiny"))
    assert key.reveal() not in " ".join(words)
    assert words[words.index("--resolve") + 1] == "llm.example.net:8443:192.0.2.7"
    assert words[-1] == "https://llm.example.net:8443/v1/chat/completions"
    header = settings.state_dir / "keys/authorization.header"
    assert header.read_text() == f"Authorization: Bearer {key.reveal()}\n"
    assert header.stat().st_mode & 0o777 == 0o600


def test_the_edge_knows_the_sites_keys_and_firstlights_own(load: Load) -> None:
    settings = load()
    ring, own = site.keyring(settings), site.probe_key(settings)
    assert [(key.name, key.klass) for key in ring.keys] == [
        ("alice", "standard"),
        ("firstlight", "gold"),
    ]
    assert ring.keys[1].secrets[0].digest == ring.digest(own)
    # The same at each run: a release is named by its content.
    assert site.keyring(settings) == ring


def test_the_certificate_is_for_the_name_and_the_address(load: Load) -> None:
    settings = load(address="192.0.2.7")
    assert site.leaf(settings).cert_pem == site.leaf(settings).cert_pem
    assert site.endpoint(settings).ca.exists()


def test_an_undefined_value_is_an_error() -> None:
    with pytest.raises(jinja2.UndefinedError):
        render("etc/apt/sources.list.d/docker.sources", url="x")


def test_every_template_stands_where_it_is_written_to() -> None:
    tops = {path.relative_to(TEMPLATES).parts[0] for path in TEMPLATES.rglob("*") if path.is_file()}
    assert tops <= {"etc", "usr"}
    assert verbatim("usr/local/lib/firstlight/gpu-settings").startswith("#!/bin/sh")


def test_the_transport_has_no_nagle_and_stays_awake() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        client = socket.create_connection(server.getsockname(), timeout=5)
        transport = fast_transport(client)
        try:
            assert client.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
            assert isinstance(transport, paramiko.Transport)
            assert peer_address(client) == "127.0.0.1"
            before = traffic_to("127.0.0.1").bytes_out
            transport.packetizer.write_all(b"12345")
            assert traffic_to("127.0.0.1").bytes_out == before + 5
        finally:
            transport.close()
            client.close()


def test_a_pipe_has_no_address() -> None:
    assert peer_address(object()) == ""
