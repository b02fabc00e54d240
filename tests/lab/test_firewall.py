"""The firewall on bare hosts: closed, and nobody locked out, whatever happens to it."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator

import pytest

from firstlight.lab.packages import ensure
from firstlight.lab.state import Rack
from tests.lab import own_labs
from tests.lab.let_in import UNKEPT
from tests.lab.rack import command, firstlight
from tests.lab.walled import HOSTS, KEEP, LISTENER, TABLE, Walled

LOCKOUT = "tests/lab/deploys/lockout.py"
PORT = 9999
each = pytest.mark.parametrize("host", HOSTS)


@pytest.fixture(scope="module")
def walled(one: Rack) -> Iterator[Walled]:
    """Both hosts with the firewall, and on both a listener that nobody declared; bare afterwards."""
    found = Walled(one)
    run = found.deploy()
    assert run.code == 0, run.text
    for host in HOSTS:
        found.sh(host, LISTENER.format(port=PORT))
    yield found
    for host in HOSTS:  # others have this lab as well, and find it as it was made
        firstlight("lab", "reset", host, "--name", one.name)


@pytest.fixture
def closed(walled: Walled) -> Iterator[Walled]:
    """The same, and whatever a test does: afterwards SSH is open, and nothing else."""
    yield walled
    for host in HOSTS:
        assert walled.greeting(host, 22, 10).startswith(b"SSH-2.0")
        assert walled.greeting(host, PORT, 0.3) == b""


def test_a_second_run_changes_nothing(closed: Walled) -> None:
    assert closed.changes() == (0, 0)


@each
def test_a_listener_that_nobody_declared_is_there_and_not_reached(
    closed: Walled, host: str
) -> None:
    closed.sh(host, f"exec 3<>/dev/tcp/127.0.0.1/{PORT}".join(("bash -c '", "'")))
    other = next(name for name in HOSTS if name != host)
    knock = f"timeout 1 bash -c 'exec 3<>/dev/tcp/{closed.address(host)}/{PORT}'; echo $?"
    assert closed.sh(other, knock) == "124"


def test_of_all_ports_ssh_alone_answers(closed: Walled) -> None:
    ensure(print, {"nmap": "/usr/bin/nmap"})
    words = ["nmap", "-Pn", "-n", "-p-", "--min-rate", "20000", "--max-retries", "1", "-oG", "-"]
    addresses = [closed.address(host) for host in HOSTS]
    said = command(*own_labs.AS_ROOT, *words, *addresses, timeout=120).out
    found = [line for line in said.splitlines() if "Ports:" in line]
    assert len(found) == len(HOSTS)
    assert all(line.count("/open/") == 1 and " 22/open/tcp" in line for line in found), said


def test_what_flushes_all_rules_is_mended_by_the_hosts_themselves(closed: Walled) -> None:
    before = {host: closed.sh(host, TABLE) for host in HOSTS}
    for host in HOSTS:
        flushed_and_asked = (
            closed.sh(host, "nft flush ruleset") or closed.greeting(host, PORT) for _ in range(3)
        )  # the hosts may be quicker than the question
        assert b"stranger" in flushed_and_asked
    end = time.monotonic() + 90
    while (now := {host: closed.sh(host, TABLE, check=False) for host in HOSTS}) != before:
        assert time.monotonic() < end, now
        time.sleep(0.5)


def test_a_rule_that_somebody_added_goes_with_the_next_look_or_run(closed: Walled) -> None:
    hole = f"nft insert rule inet firstlight input tcp dport {PORT} accept"
    closed.sh("lab1", f"{UNKEPT}\n{hole}; {KEEP}; journalctl -t firstlight-firewall -n 1 -o cat")
    assert closed.greeting("lab1", PORT, 0.3) == b""
    closed.sh("lab1", hole)
    assert closed.greeting("lab1", PORT, 10) == b"stranger"
    run = closed.deploy("--limit", "lab1")
    assert run.code == 0 and "not ours: rule input" in run.text, run.text
    closed.sh("lab1", "systemctl is-active --quiet firstlight-firewall-keep.timer")


def test_a_firewall_that_locks_the_operator_out_goes_back_by_itself(closed: Walled) -> None:
    before = {host: closed.sh(host, TABLE) for host in HOSTS}
    run = closed.deploy(deploy=LOCKOUT, firewall={"confirm_seconds": 20})
    assert run.code == 1
    assert run.text.count("would have locked you out; the state of before is back") == len(HOSTS)
    assert {host: closed.sh(host, TABLE) for host in HOSTS} == before
    assert closed.changes() == (0, 0)


def test_admin_networks_without_the_control_machine_are_refused(closed: Walled) -> None:
    run = closed.deploy(firewall={"admin": ["172.31.255.0/24"]})
    assert run.code == 1
    assert "refused, nothing was changed" in run.text
    assert f"your connection comes from {closed.state.address}" in run.text


def test_power_off_while_it_is_tried_comes_back_to_the_rules_of_before(closed: Walled) -> None:
    before = closed.sh("lab1", TABLE)
    words = closed.words("--limit", "lab1", deploy=LOCKOUT, firewall={"confirm_seconds": 180})
    run = subprocess.Popen(words, env=environment(closed), stdout=subprocess.DEVNULL)
    try:
        end = time.monotonic() + 150
        while loaded(closed, "ssh: ") and time.monotonic() < end:
            time.sleep(0.2)
        assert not loaded(closed, "ssh: ") and loaded(closed, "firewall: ")  # those that lock out
        firstlight("lab", "kill", "lab1", "--name", closed.state.name)
    finally:
        run.kill()
        run.wait(10)
    own_labs.up(closed.state.name)
    assert closed.sh("lab1", TABLE) == before
    assert "put back" in closed.sh("lab1", "journalctl -b -u firstlight-trials -o cat")
    closed.sh("lab1", LISTENER.format(port=PORT))
    assert closed.changes() == (0, 0)


@each
def test_after_a_reboot_it_is_there_before_the_network(closed: Walled, host: str) -> None:
    before, rules = own_labs.boot_id(closed.state, host), closed.sh(host, TABLE)
    # Not within the session: one that the reboot cuts off may hang at its client.
    closed.sh(host, "systemd-run --quiet --on-active=1 systemctl reboot")
    own_labs.wait_for_new_boot(closed.state, host, before)
    assert closed.sh(host, TABLE) == rules
    shown = "systemctl show --value -p {} {}"
    loaded = closed.sh(host, shown.format("ExecMainExitTimestampMonotonic", "firstlight-firewall"))
    network = closed.sh(host, shown.format("ExecMainStartTimestampMonotonic", "networking"))
    assert 0 < int(loaded) < int(network)
    closed.sh(host, LISTENER.format(port=PORT))


def loaded(walled: Walled, words: str) -> bool:
    """Whether a rule of lab1 says ``words``; looked at without its network."""
    look = f"nft list chain inet firstlight input | grep -q '{words}'"
    name = walled.state.name
    return (
        firstlight("lab", "exec", "--name", name, "lab1", "sh", "-c", look, check=False).code == 0
    )


def environment(walled: Walled) -> dict[str, str]:
    return {**os.environ, "FIRSTLIGHT_LAB": walled.state.name}
