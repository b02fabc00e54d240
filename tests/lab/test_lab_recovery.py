"""A lab that was cut off or switched off is mended by the next `up`, and goes without a trace."""

from __future__ import annotations

import json
import os
import random
import re
import subprocess
import time
from pathlib import Path

from firstlight.lab.state import Rack
from tests.lab.own_labs import AS_ROOT, ONE, TWO, boot_id, load, sh, states, up
from tests.lab.rack import BIN, ROOT, command, firstlight

FORWARD = Path("/proc/sys/net/ipv4/ip_forward")


def test_power_cut_and_power_off_are_mended_by_up(one: Rack) -> None:
    for verb in ("kill", "poweroff"):
        before = boot_id(one, "lab1")
        sh(one, "lab1", f"echo {verb} > kept")
        firstlight("lab", verb, "--name", ONE, "lab1")
        assert states(ONE) == {"lab1": "off", "lab2": "running"}
        up(ONE)
        assert boot_id(one, "lab1") != before
        assert sh(one, "lab1", "cat kept") == verb


def test_a_killed_supervisor_is_mended_with_a_new_boot(one: Rack) -> None:
    shown = json.loads(firstlight("lab", "status", "--json", "--name", ONE).out)
    pid = next(host["supervisor_pid"] for host in shown["hosts"] if host["name"] == "lab2")
    before = boot_id(one, "lab2")
    command(*AS_ROOT, "kill", "-9", str(pid))
    assert "leftover" in up(ONE, "--hosts", "2").err
    assert states(ONE) == {"lab1": "running", "lab2": "running"}
    assert boot_id(one, "lab2") not in ("", before)


def test_reset_gives_a_bare_host_with_the_same_address_and_key(one: Rack) -> None:
    known = one.known_hosts.read_text()
    sh(one, "lab1", "sudo touch /etc/changed")
    firstlight("lab", "reset", "--name", ONE, "lab1")
    assert one.known_hosts.read_text() == known
    assert sh(one, "lab1", "ls /etc/changed /usr/bin/docker 2>/dev/null || true") == ""


def test_two_labs_at_once_and_down_leaves_nothing(one: Rack) -> None:
    forward = FORWARD.read_text()
    try:
        up(TWO)
        other = load(TWO)
        assert (other.id, other.cidr) != (one.id, one.cidr)
        assert boot_id(other, "lab1") != boot_id(one, "lab1")
        listed = json.loads(firstlight("lab", "list", "--json").out)
        assert {ONE, TWO} <= {lab["name"] for lab in listed if lab["checkout"] == str(ROOT)}
    finally:
        firstlight("lab", "down", "--purge", "--name", TWO)
    assert boot_id(one, "lab1")
    assert FORWARD.read_text() == forward  # the first lab still needs it
    tables = command(*AS_ROOT, "nft", "list", "tables").out
    assert f"firstlight_lab_{one.id}" in tables
    assert other.id not in tables
    interfaces = " ".join(path.name for path in Path("/sys/class/net").iterdir())
    assert not re.search(other.id, interfaces)
    assert other.id not in Path("/proc/self/mountinfo").read_text()
    assert command(*AS_ROOT, "ls", str(other.machine_dir), str(other.state_dir)).code == 2
    folders = (folder for folder, _, _ in os.walk("/sys/fs/cgroup"))  # they come and go meanwhile
    assert not [each for each in folders if each.endswith(f"/firstlight-lab/{other.id}")]


def test_up_killed_at_any_moment_is_mended_by_up() -> None:
    """SIGKILL of the whole `up` at seeded moments of the 1 to 8 s that it takes."""
    moments = random.Random(2).choices([0.2, 0.4, 0.7, 1.1, 1.6, 2.2, 3.0, 4.0], k=3)
    words = ("lab", "up", "--no-services", "--name", TWO)
    try:
        for seconds in moments:
            process = subprocess.Popen(
                [str(BIN / "firstlight"), *words], cwd=ROOT, start_new_session=True
            )
            time.sleep(seconds)
            command(*AS_ROOT, "kill", "-9", "--", f"-{process.pid}")
            process.wait(10)
            up(TWO)
            assert boot_id(load(TWO), "lab1")
            firstlight("lab", "down", "--purge", "--name", TWO)
    finally:
        firstlight("lab", "down", "--purge", "--name", TWO, check=False)
