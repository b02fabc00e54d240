"""Processes that are recognised again, and locks that say who holds them."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest

from firstlight.errors import FirstlightError
from firstlight.lab import lock, mounts, network
from firstlight.lab.process import Process


def test_a_process_is_known_by_its_start_not_only_by_its_number() -> None:
    me = Process.of(os.getpid())
    assert me.alive()
    assert Process.from_json(me.to_json()) == me
    assert not Process(me.pid, me.started + 1).alive()
    for damaged in (None, {}, {"pid": "1"}, {"pid": 1, "started": 5}):
        assert Process.from_json(damaged) is None


def test_an_ended_child_counts_as_ended_before_it_is_reaped() -> None:
    child = subprocess.Popen(["sleep", "60"])
    process = Process.of(child.pid)
    process.signal(signal.SIGKILL)
    assert process.wait(5)
    child.wait(5)


def test_a_held_lock_is_waited_for_and_its_holder_named(tmp_path: Path) -> None:
    path = tmp_path / "x.lock"
    with lock.locked(path, "the first", 1):
        assert lock.held(path)
        with (
            pytest.raises(FirstlightError, match=f"busy with the second(.|\n)*{os.getpid()}"),
            lock.locked(path, "the second", 0.1),
        ):
            pass
    assert not lock.held(path)


def test_mounts_below_a_folder_deepest_first_with_spaces() -> None:
    text = (
        "1 0 0:1 / / rw - ext4 a rw\n2 1 0:2 / /srv/a\\040b rw - proc p rw\n"
        "3 2 0:3 / /srv/a\\040b/c rw - proc p rw\n4 1 0:4 / /srv/a rw - proc p rw\n"
    )
    assert mounts.below(Path("/srv/a b"), text) == [Path("/srv/a b/c"), Path("/srv/a b")]


def test_a_table_is_replaced_in_one_transaction() -> None:
    text = network.ruleset("firstlight_lab_x", "flx", "10.201.7.0/24")
    assert text.startswith("table inet firstlight_lab_x {}\ndelete table inet firstlight_lab_x\n")
    assert 'ip saddr 10.201.7.0/24 oifname != "flx" masquerade' in text
    assert "flush" not in text


def test_a_firewall_that_drops_forwarded_packets_is_named() -> None:
    chains = {
        "nftables": [
            {"metainfo": {}},
            {"chain": {"family": "ip", "table": "filter", "name": "FORWARD"}
             | {"hook": "forward", "policy": "drop"}},
            {"chain": {"family": "ip", "table": "filter", "name": "INPUT"}
             | {"hook": "input", "policy": "drop"}},
        ]
    }  # fmt: skip
    assert network.drops_forwarding(chains) == ["ip filter FORWARD"]
