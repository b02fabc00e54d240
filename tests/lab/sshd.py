"""A second sshd on a lab host, on a port of its own, with firstlight's configuration."""

from __future__ import annotations

import json
import subprocess
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import paramiko

from firstlight.catalogue import supported_system
from firstlight.catalogue.ssh import ssh_row
from firstlight.facts.ssh import DROP_IN
from firstlight.lab.state import Rack
from firstlight.rendering import render
from firstlight.settings import HostSettings
from firstlight.ssh.lines import wanted
from tests.lab.own_labs import sh
from tests.lab.rack import BIN, ROOT
from tests.sshd import state

SCANNER = BIN.parent / "scanners" / "bin" / "ssh-audit"
FOLDER = "/run/second-sshd"
PORT = 2222
PASSWORD = "a-right-password"
START = r"""
sudo -n sh -eus <<'END'
mkdir -p -m 700 {folder}; cd {folder}
ssh-keygen -q -t ed25519 -N '' -f ed25519 </dev/null
[ {version} = 12 ] || ssh-keygen -q -t rsa -b 3072 -N '' -f rsa </dev/null
getent shadow ops | cut -d: -f1,2 >before
echo 'ops:{password}' | chpasswd -c SHA256 -s 1000
install -d -m 700 /root/.ssh; cp ~ops/.ssh/authorized_keys /root/.ssh/
base64 -d >conf <<'CONF'
{text}
CONF
/usr/sbin/sshd -t -f conf
/usr/sbin/sshd -f conf
for _ in $(seq 50); do [ -s pid ] && exit 0; sleep 0.1; done
exit 1
END
"""
STOP = r"""
sudo -n sh -eus <<'END'
kill $(cat {folder}/pid); chpasswd -e <{folder}/before; rm -r {folder} /root/.ssh
END
"""


@contextmanager
def second(rack: Rack, host: str, version: str, settings: HostSettings) -> Iterator[None]:
    """While this lasts, another sshd on ``host`` (Debian ``version``) goes by ``settings``.

    So long ops has :data:`PASSWORD`, and root the same key as ops.
    """
    groups = wanted(settings, ssh_row(supported_system("debian", version)), state())
    rsa = f"HostKey {FOLDER}/rsa\n" if version != "12" else ""  # making one takes seconds
    text = render(DROP_IN[1:], groups=groups) + (
        f"Port {PORT}\nHostKey {FOLDER}/ed25519\n{rsa}PidFile {FOLDER}/pid\nUsePAM yes\n"
    )
    encoded = subprocess.run(
        ["base64"], input=text.encode(), capture_output=True, check=True, timeout=10
    ).stdout.decode()
    values = {"folder": FOLDER, "text": encoded, "version": version, "password": PASSWORD}
    sh(rack, host, START.format(**values))
    try:
        yield
    finally:
        sh(rack, host, STOP.format(folder=FOLDER))


def connected(rack: Rack, host: str, user: str, **how: Any) -> paramiko.SSHClient:
    """A connection of paramiko's own to the second sshd, whose host keys nobody knows yet."""
    client = paramiko.SSHClient()
    client.set_missing_host_key_policy(paramiko.AutoAddPolicy())
    times = dict.fromkeys(("timeout", "banner_timeout", "auth_timeout"), 10)
    quiet = {"allow_agent": False, "look_for_keys": False}
    client.connect(rack.hosts[host].address, PORT, user, **quiet, **times, **how)
    return client


def audit(address: str, port: int = 22) -> dict[str, dict[str, list[str]]]:
    """What ssh-audit finds wrong at an address: failures and warnings by algorithm."""
    assert SCANNER.exists(), "the scanners are not installed: make .venv/scanners/.installed"
    done = subprocess.run(
        [str(SCANNER), "-j", "--skip-rate-test", "-p", str(port), address],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    found = json.loads(done.stdout)
    assert found["kex"] and found["key"] and found["enc"] and found["mac"], done.stdout
    assert not found["cves"]
    return {
        each["algorithm"]: {k: v for k, v in each["notes"].items() if k in ("fail", "warn")}
        for part in ("kex", "key", "enc", "mac")
        for each in found[part]
    }


def waived() -> set[str]:
    text = (ROOT / "tests/security/waivers.toml").read_text()
    entries = tomllib.loads(text)["waiver"]
    return {each["id"] for each in entries if each["scanner"] == "ssh-audit" and each["reason"]}
