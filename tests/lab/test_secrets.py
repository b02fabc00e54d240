"""No secret where it can be read: planted, deployed as talkatively as pyinfra can, looked for."""

from __future__ import annotations

import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from firstlight import keys
from tests.lab.client import first_key
from tests.lab.rack import LAB, ROOT, Run, TestRack

CANARIES = "/run/canaries"
# Everything on a running host that could give a secret away. Prints the places, not the secret.
SEARCH = r"""
leaks() { grep -a -q -F -f /run/canaries - && echo "$1"; }
for p in /proc/[0-9]*; do
  cat $p/cmdline $p/environ 2>/dev/null | tr '\0' '\n' | leaks "process $(cat $p/comm 2>/dev/null)"
done
systemctl show '*' | leaks "systemctl show"
systemctl cat 'firstlight*' nginx docker | leaks "units"
docker inspect $(docker ps -aq) | leaks "docker inspect"
docker logs firstlight-tiny 2>&1 | leaks "docker logs"
journalctl -q --no-pager -o export | leaks "journal"
cat /var/log/nginx/* | leaks "nginx log"
cat /var/lib/firstlight/receipt.json | leaks "receipt"
find / -xdev \( -path /proc -o -path /sys \) -prune -o -type f -perm -o=r -print0 |
  xargs -0 grep -a -l -F -f /run/canaries
find /run /tmp -type f -perm -o=r -print0 | xargs -0 grep -a -l -F -f /run/canaries
true
"""


@dataclass(frozen=True)
class Planted:
    """What was seen: the deploy's output, the processes meanwhile, the secrets to look for."""

    run: Run
    processes: str
    secrets: dict[str, str]

    def found_in(self, text: str) -> list[str]:
        return [name for name, secret in self.secrets.items() if secret in text]


@contextmanager
def watching() -> Iterator[list[str]]:
    """Collect arguments and environment of every process there is meanwhile.

    The hosts' processes are among them: the machine sees into its own namespaces.
    """
    seen: set[bytes] = set()
    out: list[str] = []
    done = threading.Event()

    def look() -> None:
        while not done.wait(0.02):
            for path in [
                *Path("/proc").glob("[0-9]*/cmdline"),
                *Path("/proc").glob("[0-9]*/environ"),
            ]:
                try:
                    seen.add(path.read_bytes())
                except OSError:
                    continue  # it has ended, or it is not ours to look into

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield out
    finally:
        done.set()
        thread.join()
        out.append(b"\n".join(seen).replace(b"\0", b" ").decode("utf-8", "replace"))


@pytest.fixture(scope="module")
def planted(deployed: TestRack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Planted]:
    """A deploy that carries all three kinds of secret to lab1; put back afterwards."""
    folder = tmp_path_factory.mktemp("secrets")
    key = keys.issue(folder / "api-keys.toml", "canary").reveal()
    token = (deployed.state.state_dir / "services" / "hub-token").read_text().strip()
    leaf = next((deployed.state.state_dir / "edges" / "lab1").glob("*.pem")).read_text()
    gated = deployed.model(
        **deployed.repository("gated"), hub_token=f".firstlight/{LAB}/services/hub-token"
    )
    data = {"models": [gated], "edge": {"api_keys": str(folder / "api-keys.toml")}}
    deployed.sh("lab1", "rm -rf /srv/models/firstlight--gated@*")
    with watching() as processes:
        run = deployed.deploy("lab1", "-vvv", "--debug", "--diff", data=data)
    own = first_key(deployed.state.state_dir)
    engine = (deployed.state.state_dir / "engines" / "lab1.key").read_text().strip()
    secrets = {
        "API key": key,
        "own API key": own,
        "hub token": token,
        "TLS key": middle_of_key(leaf),
        "engine's secret": engine,
    }
    yield Planted(run, processes[0], secrets)
    deployed.changes("lab1")
    deployed.sh("lab1", "rm -rf /srv/models/firstlight--gated@*")


def middle_of_key(pem: str) -> str:
    """Return one line out of the private key in a PEM text."""
    return pem.partition("PRIVATE KEY-----")[2].splitlines()[2]


def test_the_run_carried_them_and_was_talkative(planted: Planted) -> None:
    assert planted.run.code == 0, planted.run.text
    assert "nginx.conf" in planted.run.text and "fetch.pyz" in planted.run.text
    assert all(len(secret) > 30 for secret in planted.secrets.values())


def test_the_output_shows_none(planted: Planted) -> None:
    assert planted.found_in(planted.run.text) == []
    # What travels by stdin is a tar of these files, gzipped, in base64: nor is that shown.
    assert "H4sI" not in planted.run.text


def test_no_process_showed_any_meanwhile(planted: Planted) -> None:
    assert "pyinfra" in planted.processes and "llama-server" in planted.processes
    assert planted.found_in(planted.processes) == []


def test_the_host_shows_none_to_anybody(deployed: TestRack, planted: Planted) -> None:
    lines = "\n".join(planted.secrets.values())
    plant = f"umask 077; cat >{CANARIES} <<'END'\n{lines}\nEND"
    found = deployed.sh("lab1", f"{plant}\n{SEARCH}\nrm -f {CANARIES}", timeout=120)
    assert found.out.splitlines() == []


def test_the_search_would_have_found_one(deployed: TestRack, planted: Planted) -> None:
    plant = f"umask 077; echo ExecStart= >{CANARIES}"
    found = deployed.sh("lab1", f"{plant}\n{SEARCH}\nrm -f {CANARIES}", timeout=120).out
    assert "units" in found and "/etc/systemd/system/firstlight-engine-tiny.service" in found


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


def test_the_control_machine_keeps_them_to_their_owner(deployed: TestRack) -> None:
    state = ROOT / ".firstlight" / LAB
    assert stat.S_IMODE(state.stat().st_mode) == 0o700
    secret = [*state.glob("keys/*"), *state.glob("edges/*/*"), state / "ca" / "ca.key"]
    modes = {str(path): stat.S_IMODE(path.stat().st_mode) for path in secret}
    assert len(modes) >= 4
    assert [path for path, mode in modes.items() if mode & 0o077] == []
