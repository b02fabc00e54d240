"""Hosts of the lab itself: boot, reboot, keys, network, Docker, and what they may not touch."""

from __future__ import annotations

from pathlib import Path

from firstlight.lab import ssh
from firstlight.lab.state import Rack
from tests.lab.own_labs import ONE, boot_id, reboot, sh, up
from tests.lab.rack import command, firstlight


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
    reboot(one, "lab1")
    assert sh(one, "lab1", run) == "it runs"
    assert sh(one, "lab1", "sudo nft list tables | grep -c own || true") == "0"


def test_up_again_changes_nothing(one: Rack) -> None:
    before = [boot_id(one, host) for host in one.hosts]
    run = up(ONE, "--hosts", "2")
    assert [boot_id(one, host) for host in one.hosts] == before
    assert run.err == ""


def test_exec_works_without_the_hosts_network(one: Rack) -> None:
    assert (
        firstlight("lab", "exec", "--name", ONE, "lab1", "cat", "/proc/1/comm").out == "systemd\n"
    )
    firstlight("lab", "exec", "--name", ONE, "lab1", "ifdown", "host0")
    assert firstlight("lab", "exec", "--name", ONE, "lab1", "id", "-u").out == "0\n"
    assert firstlight("lab", "exec", "--name", ONE, "lab1", "false", check=False).code == 1
    firstlight("lab", "exec", "--name", ONE, "lab1", "ifup", "host0")
    assert boot_id(one, "lab1")


def test_a_host_that_does_not_exist_is_a_clear_error(one: Rack) -> None:
    run = firstlight("lab", "reset", "--name", ONE, "lab9", check=False)
    assert run.code == 1
    assert run.err.splitlines()[:2] == [
        "lab9: the lab has no such host",
        "  why: it has: lab1, lab2",
    ]
