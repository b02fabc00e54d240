"""firstlight's sshd on each release of Debian: paramiko gets in, passwords do not, scanners agree."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import paramiko
import pytest

from firstlight import keys
from firstlight.lab.state import Rack
from firstlight.settings import HostSettings, load_host
from tests.lab.own_labs import sh
from tests.lab.sshd import PASSWORD, PORT, audit, connected, second, waived

RELEASES = {"lab1": "13", "lab2": "12"}
MODEL = {
    "name": "tiny",
    "engine": "llamacpp",
    "repo": "firstlight/tiny",
    "revision": "0" * 40,
    "file": "tiny.gguf",
    "image": "registry.example.net/llama.cpp@sha256:" + "a" * 64,
    "context": 4096,
    "gpus": 0,
}


def settings(root: Path) -> HostSettings:
    keys.issue(root / ".firstlight/lab/keys/api-keys.toml", "alice")
    data = {
        "site": "lab",
        "domain": "llm.example.net",
        "models": [MODEL],
        "docker": {"source": "docker"},
        "ssh": {"users": ["ops"]},
    }
    return load_host("gpu1", data, ("gpu",), root)


@pytest.fixture(scope="module", params=RELEASES, ids=lambda host: f"debian{RELEASES[host]}")
def host(
    one: Rack, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    name: str = request.param
    found = settings(tmp_path_factory.mktemp("site"))
    with second(one, name, RELEASES[name], found):
        yield name


def test_paramiko_gets_in_with_a_key_and_may_have_two_sessions(one: Rack, host: str) -> None:
    client = connected(one, host, "ops", key_filename=str(one.ssh_key))
    try:
        transport = client.get_transport()
        assert transport is not None
        first, other = transport.open_session(timeout=10), transport.open_session(timeout=10)
        first.exec_command("cat")  # it stays open while the second one works
        other.exec_command("id -un")
        assert other.makefile().read() == b"ops\n"
        with pytest.raises(paramiko.ChannelException):  # nothing is passed on
            transport.open_channel("direct-tcpip", ("127.0.0.1", 22), ("127.0.0.1", 1), timeout=10)
    finally:
        client.close()


def test_no_password_is_even_asked_for(one: Rack, host: str) -> None:
    with pytest.raises(paramiko.BadAuthenticationType) as refused:
        connected(one, host, "ops", password=PASSWORD)
    assert refused.value.allowed_types == ["publickey"]


def test_who_is_not_named_does_not_get_in_with_a_key_either(one: Rack, host: str) -> None:
    with pytest.raises(paramiko.AuthenticationException):
        connected(one, host, "root", key_filename=str(one.ssh_key))


def test_ssh_audit_finds_nothing_but_what_paramiko_needs(one: Rack, host: str) -> None:
    found = audit(one.hosts[host].address, PORT)
    assert {"ssh-ed25519", *(["rsa-sha2-512"] if host == "lab1" else [])} <= set(found)
    wrong = {name for name, notes in found.items() if notes}
    assert wrong == waived(), found


def test_ssh_audit_does_look(one: Rack) -> None:
    """The sshd that Debian ships has what it fails."""
    assert any("fail" in notes for notes in audit(one.hosts["lab2"].address).values())


@pytest.mark.parametrize("host", ["lab1"], indirect=True)  # penalties came with OpenSSH 9.8
def test_a_scan_from_an_admin_network_shuts_nobody_out(one: Rack, host: str) -> None:
    address = one.hosts[host].address
    knock = f"timeout 5 bash -c 'read -r x </dev/tcp/{address}/{PORT}'"
    # An address that is not spared is shut out after 17 (measured).
    sh(one, "lab2", f"for _ in $(seq 6); do {' '.join([f'{knock} &' * 4])} wait; done")
    assert "SSH-2.0" in sh(one, "lab2", f"timeout 5 bash -c 'head -1 </dev/tcp/{address}/{PORT}'")
