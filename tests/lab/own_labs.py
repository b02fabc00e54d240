"""Labs that tests make for themselves, driven the way a person does."""

from __future__ import annotations

import json
import os
import subprocess
import time

from firstlight.lab import manifest, ssh
from firstlight.lab.state import Rack
from tests.lab.rack import ROOT, WORKER, Run, firstlight

ONE, TWO = f"hosts-a{WORKER}", f"hosts-b{WORKER}"
AS_ROOT = [] if os.geteuid() == 0 else ["sudo", "-n"]
BOOT_ID = "/proc/sys/kernel/random/boot_id"


def up(name: str, *words: str) -> Run:
    return firstlight("lab", "up", "--no-services", "--name", name, *words, timeout=600)


def load(name: str) -> Rack:
    rack = manifest.load(ROOT, name)
    assert rack is not None
    return rack


def sh(rack: Rack, host: str, script: str, check: bool = True, timeout: float = 120) -> str:
    """Run a script as ops; its output."""
    words = ssh.command_line(rack, host, ["sh", "-se"])
    done = subprocess.run(
        words, input=script, capture_output=True, text=True, timeout=timeout, check=False
    )
    assert not check or done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip()


def boot_id(rack: Rack, host: str) -> str:
    """The boot that the host is in; empty where it does not say so."""
    try:
        return sh(rack, host, f"cat {BOOT_ID}", check=False, timeout=15)
    except subprocess.TimeoutExpired:  # the host went down within the session
        return ""


def reboot(rack: Rack, host: str) -> str:
    """Reboot, and wait until the host's units are up; the boot that it is in then."""
    before = boot_id(rack, host)
    # Not within the session: one that the reboot cuts off may hang at its client.
    sh(rack, host, "sudo systemd-run --quiet --on-active=1 systemctl reboot")
    now = wait_for_new_boot(rack, host, before)
    sh(rack, host, "systemctl is-system-running --wait", check=False, timeout=300)
    return now


def wait_for_new_boot(rack: Rack, host: str, old: str, seconds: float = 300) -> str:
    deadline = time.monotonic() + seconds
    while (now := boot_id(rack, host)) in ("", old):
        assert time.monotonic() < deadline, f"{host} did not come back within {seconds} s"
        time.sleep(0.2)
    return now


def states(name: str) -> dict[str, str]:
    shown = firstlight("lab", "status", "--json", "--name", name).out
    return {host["name"]: host["state"] for host in json.loads(shown)["hosts"]}
