"""Scanners that nobody here wrote look at the edge: sslyze from outside, gixy at its files."""

from __future__ import annotations

import json
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.lab.client import Client
from tests.lab.rack import BIN, ROOT, TestRack

HOST = "lab1"
SCANNERS = BIN.parent / "scanners" / "bin"
"""Their own environment: sslyze wants another cryptography than firstlight. `make test` makes it."""
WAIVERS = tomllib.loads((ROOT / "tests/security/waivers.toml").read_text())["waiver"]
CURRENT = "/etc/nginx/firstlight/current"
SOME = {"HIGH", "MEDIUM"}


def run(*words: str) -> subprocess.CompletedProcess[str]:
    assert (SCANNERS / words[0]).exists(), "the scanners are not installed: make .venv/.scanners"
    program = str(SCANNERS / words[0])
    return subprocess.run(
        [program, *words[1:]], capture_output=True, text=True, timeout=120, check=False
    )


@pytest.fixture
def client(deployed: TestRack) -> Client:
    return deployed.client(HOST)


def waived(scanner: str) -> set[str]:
    return {each["id"] for each in WAIVERS if each["scanner"] == scanner and each["reason"]}


def test_sslyze_finds_mozillas_intermediate_profile(client: Client) -> None:
    target = f"{client.domain}:443{{{client.address}}}"
    ca = f"--certinfo_ca_file={client.ca}"
    done = run("sslyze", "--mozilla_config=intermediate", ca, target)
    assert done.returncode == 0 and "OK - Compliant" in done.stdout, done.stdout + done.stderr
    # It does look: what is right for the one profile is not for the stricter one.
    strict = run("sslyze", "--mozilla_config=modern", ca, target)
    assert strict.returncode != 0 and "FAILED - Not compliant" in strict.stdout, strict.stdout


def findings(rack: TestRack, folder: Path, host: str = HOST) -> list[dict[str, Any]]:
    """What gixy finds in the configuration that nginx runs on ``host``."""
    script = f"cd {CURRENT}/ && tar -ch --exclude='*.key' . | base64 -w0; true"
    archive = rack.sh(host, script).out
    release = rack.sh(host, f"readlink -f {CURRENT}").out.strip()
    here = folder / release.lstrip("/")
    here.mkdir(parents=True)
    subprocess.run(
        ["sh", "-c", f"base64 -d | tar -x -C '{here}'"], input=archive, text=True, check=True
    )
    for path in here.rglob("*"):  # what includes a file of the host includes it here
        if path.is_file() and path.suffix in ("", ".conf", ".map"):
            path.write_text(path.read_text().replace(release, str(here)))
    done = run("gixy", "--format", "json", str(here / "nginx.conf"))
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def test_gixy_finds_nothing_above_low(deployed: TestRack, tmp_path: Path) -> None:
    found = findings(deployed, tmp_path)
    grave = {each["plugin"] for each in found if each["severity"] in SOME}
    assert grave - waived("gixy") == set(), found
    assert waived("gixy") <= {each["plugin"] for each in found}, "a waiver that nothing needs"


def test_gixy_reads_all_of_it(tmp_path: Path) -> None:
    """An include that it could not follow would hide everything behind it."""
    bad = tmp_path / "part.conf"
    bad.write_text("server { listen 80 default_server; location /i { alias /data/; } }\n")
    whole = tmp_path / "nginx.conf"
    whole.write_text(f"events {{}}\nhttp {{ include {bad}; }}\n")
    done = run("gixy", "--format", "json", str(whole))
    assert "alias_traversal" in {each["plugin"] for each in json.loads(done.stdout)}
