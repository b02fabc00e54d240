"""Hosts of the lab itself: boot, reboot, power cuts, bare again, two labs at once, gone again."""

from __future__ import annotations

import json
import os
import random
import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from firstlight.lab import manifest, ssh
from firstlight.lab.state import Rack
from tests.lab.rack import BIN, ROOT, Run, command, firstlight

ONE, TWO = "hosts-a", "hosts-b"
AS_ROOT = [] if os.geteuid() == 0 else ["sudo", "-n"]
BOOT_ID = "/proc/sys/kernel/random/boot_id"
FORWARD = Path("/proc/sys/net/ipv4/ip_forward")


def up(name: str, *words: str) -> Run:
    return firstlight("lab", "up", "--no-services", "--name", name, *words, timeout=600)


def load(name: str) -> Rack:
    rack = manifest.load(ROOT, name)
    assert rack is not None
    return rack


@pytest.fixture(scope="module")
def one() -> Iterator[Rack]:
    """Two hosts: lab1 on Debian 13, lab2 on Debian 12."""
    up(ONE)
    up(ONE, "--hosts", "2", "--suite", "bookworm")
    yield load(ONE)
    firstlight("lab", "down", "--purge", "--name", ONE)


def sh(rack: Rack, host: str, script: str, check: bool = True, timeout: float = 120) -> str:
    """Run a script as ops; its output."""
    words = ssh.command_line(rack, host, ["sh", "-se"])
    done = subprocess.run(
        words, input=script, capture_output=True, text=True, timeout=timeout, check=False
    )
    assert not check or done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip()


def boot_id(rack: Rack, host: str) -> str:
    return sh(rack, host, f"cat {BOOT_ID}", check=False)


def wait_for_new_boot(rack: Rack, host: str, old: str, seconds: float = 60) -> str:
    deadline = time.monotonic() + seconds
    while (now := boot_id(rack, host)) in ("", old):
        assert time.monotonic() < deadline, f"{host} did not come back within {seconds} s"
        time.sleep(0.2)
    return now


def states(name: str) -> dict[str, str]:
    shown = firstlight("lab", "status", "--json", "--name", name).out
    return {host["name"]: host["state"] for host in json.loads(shown)["hosts"]}


def test_both_suites_boot_with_what_a_bare_host_has(one: Rack) -> None:
    for host, version in (("lab1", "13"), ("lab2", "12")):
        assert f'VERSION_ID="{version}"' in sh(one, host, "cat /etc/os-release")
        assert sh(one, host, "hostname; whoami; sudo -n whoami").split() == [host, "ops", "root"]
        assert sh(one, host, "systemctl is-system-running --wait") == "running"
        assert sh(one, host, "command -v docker", check=False) == ""
        assert sh(one, host, "date +%Z; ls /var/log/journal | wc -l").split() == ["UTC", "1"]


def test_host_keys_are_known_and_strangers_refused(one: Rack) -> None:
    """Each host shows the key the lab made for it; with another host's key ssh refuses."""
    words = ssh.command_line(one, "lab1", ["true"])
    wrong = [word.replace(one.hosts["lab1"].address, one.hosts["lab2"].address) for word in words]
    alias = [*wrong[:1], "-o", f"HostKeyAlias={one.hosts['lab1'].address}", *wrong[1:]]
    refused = command(*alias)
    assert refused.code == 255
    assert "verification failed" in refused.err
    root = [word.replace("ops@", "root@") for word in words]
    assert "Permission denied" in command(*root).err


def test_hosts_reach_each_other_and_the_mirror(one: Rack) -> None:
    address = one.hosts["lab2"].address
    # bash's own /dev/tcp: a bare host has no other client.
    assert "SSH-2.0" in sh(one, "lab1", f"bash -c 'head -1 </dev/tcp/{address}/22'")
    for host in one.hosts:
        sh(one, host, "sudo apt-get update -qq -o APT::Update::Error-Mode=any")


def test_a_guest_cannot_change_the_machines_kernel(one: Rack) -> None:
    key = Path("/proc/sys/vm/swappiness")
    before = key.read_text()
    said = sh(one, "lab1", "sudo /sbin/sysctl vm.swappiness=7 2>&1 || echo refused", check=False)
    assert "refused" in said or "not found" in said
    sh(one, "lab1", f"echo 7 | sudo tee {key} || true")
    assert key.read_text() == before
    # What belongs to the network is the guest's own.
    ports = "/proc/sys/net/ipv4/ip_local_port_range"
    sh(one, "lab1", f"echo 20000 60000 | sudo tee {ports}")
    assert Path(ports).read_text().split()[0] != "20000"


def test_docker_and_nftables_work_inside_also_after_a_reboot(one: Rack) -> None:
    sh(
        one,
        "lab1",
        "sudo DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends "
        "docker.io docker-cli iptables nftables busybox-static >/dev/null 2>&1\n"
        "mkdir -p /tmp/image/bin && cp /bin/busybox /tmp/image/bin/sh\n"
        "tar -C /tmp/image -c . | sudo docker import - tiny >/dev/null\n"
        "sudo docker network create --internal inside >/dev/null\n",
        timeout=300,
    )
    assert sh(one, "lab1", "sudo docker info --format '{{.Driver}}'") == "overlay2"
    limits = "--memory 32m --pids-limit 20 --cap-drop ALL --read-only --network inside"
    run = f"sudo timeout 30 docker run --rm {limits} tiny sh -c 'echo it runs'"
    assert sh(one, "lab1", run) == "it runs"
    rules = "table inet own {\nchain in { type filter hook input priority 0; }\n}"
    assert "hook input" in sh(
        one, "lab1", f"echo '{rules}' | sudo nft -f -; sudo nft list table inet own"
    )
    before = boot_id(one, "lab1")
    sh(one, "lab1", "sudo systemctl reboot", check=False)
    wait_for_new_boot(one, "lab1", before)
    assert sh(one, "lab1", run) == "it runs"
    assert sh(one, "lab1", "sudo nft list tables | grep -c own || true") == "0"


def test_up_again_is_fast_and_changes_nothing(one: Rack) -> None:
    before = [boot_id(one, host) for host in one.hosts]
    run = up(ONE, "--hosts", "2")
    assert run.seconds < 1.5  # below 1 s on an idle machine; most of it is Python's start
    assert [boot_id(one, host) for host in one.hosts] == before
    assert run.err == ""


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


def test_exec_works_without_the_hosts_network(one: Rack) -> None:
    assert (
        firstlight("lab", "exec", "--name", ONE, "lab1", "cat", "/proc/1/comm").out == "systemd\n"
    )
    firstlight("lab", "exec", "--name", ONE, "lab1", "ifdown", "host0")
    assert firstlight("lab", "exec", "--name", ONE, "lab1", "id", "-u").out == "0\n"
    assert firstlight("lab", "exec", "--name", ONE, "lab1", "false", check=False).code == 1
    firstlight("lab", "exec", "--name", ONE, "lab1", "ifup", "host0")
    assert boot_id(one, "lab1")


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
    assert not list(Path("/sys/fs/cgroup").glob(f"**/firstlight-lab/{other.id}"))


def test_up_killed_at_any_moment_is_mended_by_up() -> None:
    """SIGKILL of the whole `up` at seeded moments of the 1 to 8 s that it takes."""
    moments = random.Random(2).choices([0.2, 0.4, 0.7, 1.1, 1.6, 2.2, 3.0, 4.0], k=4)
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


def test_a_host_that_does_not_exist_is_a_clear_error(one: Rack) -> None:
    run = firstlight("lab", "reset", "--name", ONE, "lab9", check=False)
    assert run.code == 1
    assert run.err.splitlines()[:2] == [
        "lab9: the lab has no such host",
        "  why: it has: lab1, lab2",
    ]
