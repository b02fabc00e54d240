"""The same with dnf: rpm tests the transaction, versions are locked."""

from __future__ import annotations

from pathlib import Path

from firstlight.operations.transaction import together
from tests.operations.play import commands, run
from tests.operations.test_transaction import WANTED, have
from tests.stubs import Stubs


def test_dnf_tests_the_transaction_and_locks_it(stubs: Stubs, tmp_path: Path) -> None:
    locks = tmp_path / "versionlock.list"
    stubs.add("dnf")
    stubs.add("rpm")
    facts = have(cuda="570.1-1", old="1")
    steps, _ = commands(
        together,
        facts,
        manager="dnf",
        module_stream="nvidia-driver:580-open",
        absent=("old",),
        **WANTED,
    )
    for step in steps[1:]:
        there = "/etc/dnf/plugins/versionlock.list" in step.get_raw_value()
        done = run(step, stubs.env, {"/etc/dnf/plugins/versionlock.list": locks} if there else {})
        assert done.returncode == 0, done.stderr
    calls = stubs.calls("dnf")
    tested = next(place for place, call in enumerate(calls) if "tsflags=test" in call)
    assert any(call.endswith("module enable nvidia-driver:580-open") for call in calls[:tested])
    assert calls[tested].endswith("cuda-580.* tool-1.20.0-*")
    assert any(call.endswith("install nvidia-driver-pinning-580") for call in calls[:tested])
    assert any(call.endswith("remove old") for call in calls[tested:])
    assert calls[-1].endswith("versionlock add tool")
