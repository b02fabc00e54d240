"""XIDs are counted once each, since the host was booted."""

from __future__ import annotations

from typing import Any

import pytest

from firstlight.exporter import xids
from firstlight.exporter.page import Page
from tests.unit.exporter.machine import Machine, samples

# Lines as journalctl -o short-unix prints them; the drivers of many years write these two forms.
LOG = """\
1795286930.1 gpu1 kernel: NVRM: loading NVIDIA UNIX Open Kernel Module for x86_64  580.178.04
1795286937.5 gpu1 kernel: NVRM: Xid (PCI:0000:01:00): 79, pid=1234, name=vllm, GPU has fallen off
1795286938.5 gpu1 kernel: NVRM: Xid (PCI:0000:01:00): 31, Ch 00000009, engmask 00000101
1795286939.5 gpu1 kernel: NVRM: Xid (0000:41:00): 31, Ch 0000000b, engmask 00000120, intr 10000000
1795286940.5 gpu1 kernel: NVRM: Xid (0000:41:00): 31, Ch 0000000b, engmask 00000120, intr 10000000
-- cursor: s=1;i=9
"""
FIRST = 'xid_total{gpu="0000:01:00",xid="79"}'
BOOT = "11111111-2222-3333-4444-555555555555"


@pytest.fixture
def logged(machine: Machine) -> Machine:
    machine.put("/proc/sys/kernel/random/boot_id", f"{BOOT}\n")
    log(machine, LOG)
    return machine


def log(machine: Machine, text: str, then: str = "") -> None:
    machine.put("/log", text)
    machine.stubs.add("journalctl", f"cat {machine.root}/log\n{then}")


def told(machine: Machine, state: dict[str, Any]) -> dict[str, float]:
    page = Page()
    xids.told(page, state, machine.root)
    return samples(page)


def test_each_kind_on_each_gpu(logged: Machine) -> None:
    assert told(logged, {}) == {
        FIRST: 1,
        'xid_total{gpu="0000:01:00",xid="31"}': 1,
        'xid_total{gpu="0000:41:00",xid="31"}': 2,
        'xid_last_time_seconds{gpu="0000:01:00",xid="79"}': 1795286937.5,
        'xid_last_time_seconds{gpu="0000:01:00",xid="31"}': 1795286938.5,
        'xid_last_time_seconds{gpu="0000:41:00",xid="31"}': 1795286940.5,
    }


def test_what_was_counted_is_not_counted_again(logged: Machine) -> None:
    state: dict[str, Any] = {}
    told(logged, state)
    assert "--after-cursor" not in logged.stubs.calls()[0]
    log(logged, "")  # nothing new: without an entry journalctl prints no cursor
    assert told(logged, state)[FIRST] == 1
    more = "1795286999.0 gpu1 kernel: NVRM: Xid (PCI:0000:01:00): 79, again\n-- cursor: s=1;i=12\n"
    log(logged, more)
    assert told(logged, state)[FIRST] == 2
    assert [call.count("--after-cursor=s=1;i=9") for call in logged.stubs.calls()] == [0, 1, 1]
    assert state["xids"]["cursor"] == "s=1;i=12"


def test_a_boot_begins_anew(logged: Machine) -> None:
    state: dict[str, Any] = {}
    told(logged, state)
    logged.put("/proc/sys/kernel/random/boot_id", "another\n")
    log(logged, "")
    assert told(logged, state) == {}
    assert "--after-cursor" not in logged.stubs.calls()[-1]


@pytest.mark.parametrize("then", ["exit 1", "kill -9 $$"])
def test_a_journal_that_fails_counts_nothing_and_loses_nothing(logged: Machine, then: str) -> None:
    log(logged, LOG.rpartition("--")[0], then)
    state: dict[str, Any] = {}
    assert told(logged, state) == {}
    log(logged, LOG)
    assert told(logged, state)[FIRST] == 1


def test_a_log_that_is_too_long_is_left_behind(
    logged: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(xids, "SECONDS", 0.3)
    log(logged, "")
    logged.stubs.add(
        "journalctl",
        'case "$*" in *--lines=0*) echo "-- cursor: s=2;i=1";; *) exec sleep 60;; esac',
    )
    state: dict[str, Any] = {}
    assert told(logged, state) == {}
    assert state["xids"]["cursor"] == "s=2;i=1"


def test_only_the_kernel_and_root_are_believed(logged: Machine) -> None:
    told(logged, {})
    expected = "_TRANSPORT=kernel + SYSLOG_IDENTIFIER=kernel _UID=0"
    assert logged.stubs.calls()[0].endswith(expected)


def test_no_flood_of_series(logged: Machine) -> None:
    lines = [f"1.0 h kernel: NVRM: Xid (PCI:0000:01:00): {n}, x\n" for n in range(1000)]
    log(logged, "".join(lines) + "-- cursor: s=3\n")
    assert len(told(logged, {})) == 2 * xids.MOST_SERIES
