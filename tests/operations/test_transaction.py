"""Packages that move together: simulated first, held afterwards, an operator's holds respected."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from firstlight.facts.packages import InstalledPackages, Packages
from firstlight.nvidia.decision import Want
from firstlight.operations import transaction_apt, transaction_dnf
from firstlight.operations.files import File
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

    def __init__(self, stubs: Stubs, tmp_path: Path, fails: str = "", holds: str = "cuda") -> None:
        self.stubs, self.pins, self.ours = stubs, tmp_path / "preferences.d", tmp_path / "gpu"
        self.pins.mkdir()
        self.ours.mkdir()
        (self.ours / "held").write_text("cuda\nold\n")
        case = f'case "$*" in *"{fails}"*) echo "E: held broken packages"; exit 100 ;; esac'
        stubs.add("apt-get", case if fails else "")
        stubs.add("apt-mark", f'[ "$1" != showhold ] || printf "%s\\n" {holds}')
        stubs.add("dpkg")
        self.shows("installed cuda")

    def shows(self, *lines: str) -> None:
        """What dpkg-query says of every package but the pinning ones."""
        said = " ".join(f"'{line}'" for line in lines)
        self.stubs.add("dpkg-query", f'case "$*" in *pinning*) ;; *) printf "%s\\n" {said} ;; esac')

    def install(self, **more: object) -> subprocess.CompletedProcess[str]:
        facts = have(cuda="570.1-1", old="1")
        (_, *steps), _ = commands(together, facts, wants=(DRIVER, TOOL), **more)
        for step in steps:
            raw = step.get_raw_value()
            places = {"/etc/apt/preferences.d": self.pins, "/var/lib/firstlight/gpu": self.ours}
            done = run(step, self.stubs.env, {k: v for k, v in places.items() if k in raw})
            if done.returncode:
                break
        return done

    def marks(self) -> list[str]:
        calls = self.stubs.calls("apt-mark")
        return [call.removeprefix("apt-mark -qq ") for call in calls if "showhold" not in call]


def test_a_transaction_that_works(stubs: Stubs, tmp_path: Path) -> None:
    host = AptHost(stubs, tmp_path)
    assert host.install().returncode == 0
    simulated, real = [call for call in stubs.calls("apt-get") if " install " in call]
    assert " -s " in simulated and " -s " not in real
    assert real.endswith("install cuda=580.* tool=1.20.0-*")
    assert "--allow-change-held-packages" not in simulated + real
    assert "unhold cuda" in host.marks() and host.marks()[-1] == "hold cuda"
    assert (host.ours / "held").read_text().split() == ["cuda", "old"]


def test_a_package_that_leaves_is_no_longer_held(stubs: Stubs, tmp_path: Path) -> None:
    host = AptHost(stubs, tmp_path, holds="cuda old")
    assert host.install(absent=("old",)).returncode == 0
    assert "unhold old" in host.marks()


def test_a_hold_of_the_operators_is_not_lifted(stubs: Stubs, tmp_path: Path) -> None:
    host = AptHost(stubs, tmp_path, holds="tool theirs")
    assert host.install().returncode == 0
    assert not any(mark.startswith("unhold") for mark in host.marks())


def test_what_cannot_be_solved_changes_nothing(stubs: Stubs, tmp_path: Path) -> None:
    host = AptHost(stubs, tmp_path, fails="-s ", holds="cuda libold")
    done = host.install()
    assert done.returncode != 0
    assert "held broken packages" in done.stderr and "libold" in done.stderr
    assert "nothing was changed" in done.stderr and "apt-mark showhold" in done.stderr
    assert len([call for call in stubs.calls("apt-get") if " install " in call]) == 1
    # What was held before is held again.
    assert host.marks()[-1] == "hold cuda"
    assert "held by others: cuda libold" in done.stderr  # the stub lifts nothing


def test_whose_packages_they_are_is_said_only_when_they_can_be_had(
    stubs: Stubs, tmp_path: Path
) -> None:
    claim = File("/var/lib/firstlight/gpu/ours", "x")
    (_, simulate, mark, install), _ = commands(
        together, have(cuda=""), claim=claim, wants=(DRIVER, TOOL)
    )
    assert "install" in simulate.get_raw_value() and "gpu/ours" in mark.get_raw_value()
    assert "hold" in install.get_raw_value()


BREAKS = 'case "$*" in *" -s "*|*update*) ;; *) echo "E: it broke off"; exit 100 ;; esac'


def test_a_transaction_that_breaks_off_is_held_all_the_same(stubs: Stubs, tmp_path: Path) -> None:
    host = AptHost(stubs, tmp_path)
    stubs.add("apt-get", BREAKS)
    done = host.install()
    assert done.returncode != 0 and "run again" in done.stderr and "gpu_rollback" in done.stderr
    assert host.marks()[-1] == "hold cuda"


def test_a_module_that_dkms_cannot_build_is_told_later(stubs: Stubs, tmp_path: Path) -> None:
    """The packages are there; what is missing is seen, with its log, where modules are looked at."""
    host = AptHost(stubs, tmp_path)
    stubs.add("apt-get", BREAKS)
    host.shows("half-configured nvidia-dkms", "installed tool", "half-configured cuda")
    done = host.install()
    assert done.returncode == 0, done.stderr
    assert "left half-way: nvidia-dkms cuda" in done.stdout
    host.shows("half-configured nvidia-dkms", "installed tool")
    assert host.install().returncode != 0  # one of the packages is not there at all


def test_what_is_half_way_is_finished_first(stubs: Stubs, tmp_path: Path) -> None:
    host = AptHost(stubs, tmp_path)
    stubs.add("dpkg", "exit 1")
    facts = {InstalledPackages: Packages(HAVE, interrupted=True, holds=HELD)}
    (_, mend, simulate, _), _ = commands(together, facts, wants=(DRIVER, TOOL))
    assert run(mend, stubs.env).returncode == 0  # it goes on even where that fails
    assert stubs.calls("dpkg") == ["dpkg --configure -a --force-confold"]
    assert " -s " in simulate.get_raw_value()
    assert host.marks() == []
