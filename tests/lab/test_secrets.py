"""No secret where it can be read: planted, deployed as talkatively as pyinfra can, looked for."""

from __future__ import annotations

import base64
import os
import secrets
import stat
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import pytest

from firstlight import keys
from tests.lab.canaries import found_in, search, watching
from tests.lab.client import first_key
from tests.lab.rack import LAB, ROOT, Run, TestRack

AGE = "/usr/bin/age"


@dataclass(frozen=True)
class Planted:
    """What was seen: the deploy's output, the processes meanwhile, the secrets to look for."""

    run: Run = field(repr=False)
    processes: str = field(repr=False)
    secrets: dict[str, str] = field(repr=False)

    def found_in(self, text: str) -> list[str]:
        return found_in(self.secrets, text)


@pytest.fixture(scope="module")
def planted(deployed: TestRack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Planted]:
    """A deploy that carries every kind of secret to lab1; put back afterwards.

    The hub's token comes from a file that age encrypted, as an operator may keep it.
    """
    folder = tmp_path_factory.mktemp("secrets")
    state = deployed.state.state_dir
    key = keys.issue(folder / "api-keys.toml", "canary").reveal()
    token = (state / "services" / "hub-token").read_text().strip()
    leaf = next((state / "edges" / "lab1").glob("*.pem")).read_text()
    identity = encrypted(token, folder / "hub.age")
    source = {"age": str(folder / "hub.age"), "identity": str(folder / "identity")}
    gated = deployed.model(**deployed.repository("gated"), hub_token=source)
    data = {"models": [gated], "edge": {"api_keys": str(folder / "api-keys.toml")}}
    deployed.sh("lab1", "rm -rf /srv/models/firstlight--gated@*")
    with watching() as processes, pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
        run = deployed.deploy("lab1", "-vvv", "--debug", "--diff", "--json", data=data)
    found = {
        "API key": key,
        "own API key": first_key(state),
        "hub token": token,
        "age identity": identity,
        "TLS key": middle_of_key(leaf),
        "CA key": middle_of_key((state / "ca" / "ca.key").read_text()),
        "engine's secret": (state / "engines" / "lab1.key").read_text().strip(),
    }
    yield Planted(run, processes[0] + (folder / "seen").read_text(), found)
    deployed.changes("lab1")
    deployed.sh("lab1", "rm -rf /srv/models/firstlight--gated@*")


def encrypted(token: str, path: Path) -> str:
    """Encrypt ``token`` into ``path`` with age; return the identity, which lies beside it.

    There too lies an ``age`` that writes down how it was called, and calls the real one: that is
    gone before anyone who looks at processes now and then has seen it.
    """
    caller = path.parent / "age"
    caller.write_text(f"#!/bin/sh\n(echo age $*; env) >'{path.parent}/seen'\nexec {AGE} \"$@\"\n")
    caller.chmod(0o755)
    identity = path.parent / "identity"
    made = subprocess.run(
        ["age-keygen", "-o", identity], capture_output=True, text=True, check=True, timeout=30
    )
    words = [AGE, "--recipient", made.stderr.split()[-1], "--output", path]
    subprocess.run(words, input=token.encode(), check=True, timeout=30)
    return identity.read_text().split()[-1]


def middle_of_key(pem: str) -> str:
    """Return one line out of the private key in a PEM text."""
    return pem.partition("PRIVATE KEY-----")[2].splitlines()[2]


def test_the_run_carried_them_and_was_talkative(planted: Planted) -> None:
    assert planted.run.code == 0, planted.run.text
    assert "nginx.conf" in planted.run.text and "fetch.pyz" in planted.run.text
    assert '"no_change"' in planted.run.out  # what --json shows
    assert all(len(secret) > 30 for secret in planted.secrets.values())


def test_the_output_shows_none(planted: Planted) -> None:
    assert planted.found_in(planted.run.text) == []
    # What travels by stdin is a tar of these files, gzipped, in base64: nor is that shown.
    assert "H4sI" not in planted.run.text


def test_no_process_showed_any_meanwhile(planted: Planted) -> None:
    seen = planted.processes
    assert all(name in seen for name in ("pyinfra", "llama-server", "age --decrypt", "PATH="))
    assert planted.found_in(seen) == []


def test_the_host_shows_none_to_anybody(deployed: TestRack, planted: Planted) -> None:
    found = deployed.sh("lab1", search(planted.secrets), timeout=120)
    assert found.out.splitlines() == []


def test_the_search_would_have_found_one(deployed: TestRack, planted: Planted) -> None:
    """One of its own, in every form, everywhere: what is not found here is not looked at."""
    canary = {"canary": "fl_" + secrets.token_urlsafe(24) + "/+"}
    secret = canary["canary"]
    coded = base64.b64encode(f"x{secret}".encode()).decode()
    unit, where = "firstlight-canary.service", "/etc/systemd/system"
    plant = f"""
    printf '[Service]\\nEnvironment=T={secret.encode().hex()}\\nExecStart=sleep 60\\n' >{where}/{unit}
    systemctl daemon-reload; systemctl start {unit}
    systemd-cat -t canary echo '{quote(secret, safe="")}'
    (umask 022; echo '{coded}' >/tmp/canary); (umask 077; echo '{secret}' >/var/log/canary)
    docker create --name canary --env T='{secret}' $(docker images -q | head -n 1) true >/dev/null
    """
    clear = f"""
    systemctl stop {unit}; docker rm canary >/dev/null
    rm -f {where}/{unit} /tmp/canary /var/log/canary; systemctl daemon-reload
    """
    deployed.sh("lab1", plant)
    try:
        found = set(deployed.sh("lab1", search(canary), timeout=120).out.splitlines())
    finally:
        deployed.sh("lab1", clear)
    places = {"process sleep", "systemctl show", "units", "docker inspect", "journal"}
    assert places | {f"{where}/{unit}", "/tmp/canary", "/var/log/canary"} <= found


def test_what_must_be_there_is_for_root_only(deployed: TestRack, planted: Planted) -> None:
    script = "cd /etc/nginx/firstlight/current/; stat -c '%a %U %n' backend.conf keys.map salt.js"
    modes = ["600 root backend.conf", "600 root keys.map", "600 root salt.js"]
    assert deployed.sh("lab1", script).out.splitlines() == modes
    pairs = "find /var/lib/firstlight/tls -name 'tls*.key' -type f -exec stat -c '%a %U' {} +"
    assert set(deployed.sh("lab1", pairs).out.splitlines()) == {"600 root"}
    held = deployed.sh("lab1", "cat /etc/nginx/firstlight/current/* 2>/dev/null").out
    # Of the API key there is only a digest.
    assert planted.found_in(held) == ["engine's secret"]
    assert ' "canary";' in held
    script = "cd /etc/firstlight/secrets; stat -c '%a %U' . hub-token-tiny engine-key ../engines"
    assert deployed.sh("lab1", script).out == "700 root\n600 root\n600 root\n700 root\n"


def test_the_control_machine_keeps_them_to_their_owner(
    deployed: TestRack, planted: Planted
) -> None:
    state = ROOT / ".firstlight" / LAB
    assert stat.S_IMODE(state.stat().st_mode) == 0o700
    secret = [*state.glob("keys/*"), *state.glob("edges/*/*"), state / "ca" / "ca.key"]
    modes = {str(path): stat.S_IMODE(path.stat().st_mode) for path in secret}
    assert len(modes) >= 4
    assert [path for path, mode in modes.items() if mode & 0o077] == []
    loose = [path for path in state.rglob("*") if path.is_file() and path.stat().st_mode & 0o077]
    texts = {str(path): path.read_bytes().decode("latin-1") for path in loose}
    assert [path for path, text in texts.items() if planted.found_in(text)] == []


def test_the_hosts_own_credential(deployed: TestRack, planted: Planted) -> None:
    """Encrypted by the host for itself: the fetch gets it, the control machine never has it."""
    token = planted.secrets["hub token"]
    seal = "mkdir -p -m 700 /etc/credstore.encrypted; systemd-creds encrypt --name=hub - "
    gated = deployed.model(**deployed.repository("gated"), hub_token={"credential": "hub"})
    run = deployed.deploy("lab1", deploy="models_pull", data={"models": [gated]})
    assert run.code == 1 and "the systemd credential hub is not on the host" in run.text
    assert "nothing was changed" in run.text and "systemd-creds encrypt --name=hub" in run.text
    path = "/etc/credstore.encrypted/hub"
    deployed.sh(
        "lab1", f"{seal}{path} <<'END'\n{token}\nEND\nrm -rf /srv/models/firstlight--gated@*"
    )
    try:
        run = deployed.deploy("lab1", deploy="models_pull", data={"models": [gated]})
        assert run.code == 0, run.text
        held = deployed.sh("lab1", "ls /srv/models; cat /etc/firstlight/secrets/hub-token-tiny").out
        assert "firstlight--gated@" in held and token not in held
        again = deployed.deploy("lab1", "--json", deploy="models_pull", data={"models": [gated]})
        assert again.code == 0 and '"success": 0' in again.out
    finally:
        deployed.sh("lab1", f"rm -f {path}")
