"""Packages that move together: simulated first, held afterwards, an operator's holds respected."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from firstlight.facts.packages import InstalledPackages, Packages
from firstlight.nvidia.decision import Want
from firstlight.operations import transaction_apt, transaction_dnf
from firstlight.operations.transaction import together
from tests.operations.play import commands, converged, run
from tests.stubs import Stubs

PIN, DRIVER, TOOL = Want("nvidia-driver-pinning-580"), Want("cuda", "580."), Want("tool", "1.20.0")
WANTED = {"first": (PIN,), "wants": (DRIVER, TOOL)}
HAVE = {PIN.name: "580-1", "cuda": "580.178.04-1", "tool": "1.20.0-1"}
HELD = frozenset({"cuda", "tool"})


def have(holds: frozenset[str] = HELD, **versions: str) -> dict[type, object]:
    found = {**HAVE, **versions}
    return {InstalledPackages: Packages({k: v for k, v in found.items() if v}, holds=holds)}


def test_nothing_to_do() -> None:
    assert converged(together, have(), **WANTED)
    assert converged(together, have(), absent=("gone",), **WANTED)


@pytest.mark.parametrize(
    "facts",
    [
        have(cuda=""),
        have(cuda="595.91.07-1"),
        have(tool="1.19.1-1"),
        have(holds=frozenset({"cuda"})),
        {InstalledPackages: Packages(HAVE, interrupted=True, holds=HELD)},
        {},
    ],
)
def test_what_is_not_as_it_shall_be_is_waited_for_simulated_and_installed(
    facts: dict[type, object],
) -> None:
    assert len(commands(together, facts, **WANTED)[0]) == 3


def test_a_package_of_another_branch_leaves() -> None:
    (_, simulate, _), _ = commands(together, have(old="1"), absent=("old", "gone"), **WANTED)
    assert " old-" in simulate.get_raw_value() and "gone-" not in simulate.get_raw_value()


@pytest.mark.parametrize(
    ("want", "apt", "dnf"),
    [
        (Want("a"), "a", "a"),
        (Want("a", "580."), "a=580.*", "a-580.*"),
        (Want("a", "1.20.0"), "a=1.20.0-*", "a-1.20.0-*"),
        (Want("a", "580.178.04-1"), "a=580.178.04-1", "a-580.178.04-1"),
    ],
)
def test_the_managers_words(want: Want, apt: str, dnf: str) -> None:
    assert transaction_apt.spec(want) == apt
    assert transaction_dnf.spec(want) == dnf


class AptHost:
    """Stubs of apt and dpkg; ``fails`` is a part of the apt-get call that fails."""

    def __init__(self, stubs: Stubs, tmp_path: Path, fails: str = "", holds: str = "") -> None:
        self.stubs, self.pins = stubs, tmp_path / "preferences.d"
        self.pins.mkdir()
        case = f'case "$*" in *"{fails}"*) echo "E: held broken packages"; exit 100 ;; esac'
        stubs.add("apt-get", case if fails else "")
        stubs.add("apt-mark", f'[ "$1" != showhold ] || echo "{holds}"')
        stubs.add("dpkg-query", 'case "$*" in *pinning*) ;; *) echo "installed cuda" ;; esac')

    def install(self) -> subprocess.CompletedProcess[str]:
        facts = have(cuda="570.1-1")
        (_, *steps), _ = commands(together, facts, wants=(DRIVER, TOOL))
        for step in steps:
            raw = step.get_raw_value()
            there = "/etc/apt/preferences.d" in raw
            done = run(step, self.stubs.env, {"/etc/apt/preferences.d": self.pins} if there else {})
            if done.returncode:
                break
        return done


def test_a_transaction_that_works(stubs: Stubs, tmp_path: Path) -> None:
    host = AptHost(stubs, tmp_path)
    assert host.install().returncode == 0
    simulated, real = [call for call in stubs.calls("apt-get") if " install " in call]
    assert " -s " in simulated and " -s " not in real
    assert real.endswith("install cuda=580.* tool=1.20.0-*")
    assert "--allow-change-held-packages" not in simulated + real
    assert stubs.calls("apt-mark")[-1] == "apt-mark -qq hold cuda"
    assert "apt-mark -qq unhold cuda" in stubs.calls()


def test_what_cannot_be_solved_changes_nothing(stubs: Stubs, tmp_path: Path) -> None:
    host = AptHost(stubs, tmp_path, fails="-s ", holds="libold")
    done = host.install()
    assert done.returncode != 0
    assert "held broken packages" in done.stderr and "libold" in done.stderr
    assert "nothing was changed" in done.stderr and "apt-mark showhold" in done.stderr
    assert len([call for call in stubs.calls("apt-get") if " install " in call]) == 1
    # What was held before is held again.
    assert stubs.calls("apt-mark")[-1] == "apt-mark -qq hold libold"


def test_a_transaction_that_breaks_off_is_held_all_the_same(stubs: Stubs, tmp_path: Path) -> None:
    host = AptHost(stubs, tmp_path)
    stubs.add(
        "apt-get", 'case "$*" in *" -s "*|*update*) ;; *) echo "dkms failed"; exit 100 ;; esac'
    )
    done = host.install()
    assert done.returncode != 0 and "run again" in done.stderr
    assert stubs.calls("apt-mark")[-1] == "apt-mark -qq hold cuda"


def test_dnf_tests_the_transaction_and_locks_it(stubs: Stubs) -> None:
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
        done = run(step, stubs.env)
        assert done.returncode == 0, done.stderr
    calls = stubs.calls("dnf")
    tested = next(place for place, call in enumerate(calls) if "tsflags=test" in call)
    assert any(call.endswith("module enable nvidia-driver:580-open") for call in calls[:tested])
    assert calls[tested].endswith("cuda-580.* tool-1.20.0-*")
    assert any(call.endswith("install nvidia-driver-pinning-580") for call in calls[:tested])
    assert any(call.endswith("remove old") for call in calls[tested:])
    assert calls[-1].endswith("versionlock add tool")
