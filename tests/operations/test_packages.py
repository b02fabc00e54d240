"""Packages: installed once, and never beside another user of apt."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from pyinfra.api import StringCommand

from firstlight.facts.packages import InstalledPackages, Packages
from firstlight.operations.packages import installed
from tests.operations.play import commands, converged, run
from tests.stubs import Stubs

NAMES = ("nginx", "libnginx-mod-http-js")
HOLD = "import fcntl,sys,time; f=open(sys.argv[1],'w'); fcntl.lockf(f,fcntl.LOCK_EX); print(flush=True); time.sleep(float(sys.argv[2]))"


def have(*names: str, interrupted: bool = False) -> dict[type, object]:
    return {InstalledPackages: Packages(dict.fromkeys(names, "1.0"), interrupted)}


def both(limit: int = 5) -> tuple[StringCommand, StringCommand]:
    (wait, install), _ = commands(installed, have(), names=NAMES, lock_timeout=limit)
    return wait, install


def locks(folder: Path) -> dict[str, object]:
    """The lock files of apt and dpkg, in a folder of the test's own."""
    for name in ("lists/lock", "archives/lock", "lock", "lock-frontend"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return {
        "/var/lib/dpkg/": f"{folder}/",
        "/var/lib/apt/lists/": f"{folder}/lists/",
        "/var/cache/apt/archives/": f"{folder}/archives/",
        "command -v cloud-init": "false",
    }


@pytest.fixture
def holders() -> Iterator[list[subprocess.Popen[str]]]:
    started: list[subprocess.Popen[str]] = []
    yield started
    for process in started:
        process.kill()
        process.wait()


def hold(path: Path, seconds: float, holders: list[subprocess.Popen[str]]) -> int:
    argv = [sys.executable, "-c", HOLD, str(path), str(seconds)]
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)
    holders.append(process)
    assert process.stdout is not None
    process.stdout.readline()
    return process.pid


def test_nothing_to_do() -> None:
    assert converged(installed, have(*NAMES), names=NAMES)


@pytest.mark.parametrize("facts", [have("nginx"), have(*NAMES, interrupted=True), {}])
def test_what_is_missing_or_broken_is_mended(facts: dict[type, object]) -> None:
    assert len(commands(installed, facts, names=NAMES)[0]) == 2


def test_free_locks_are_not_waited_for(tmp_path: Path) -> None:
    assert run(both()[0], instead=locks(tmp_path / "apt")).returncode == 0


@pytest.mark.parametrize("name", ["lock-frontend", "lock", "lists/lock", "archives/lock"])
def test_a_held_lock_is_named_and_bounds_the_wait(
    tmp_path: Path, name: str, holders: list[subprocess.Popen[str]]
) -> None:
    instead = locks(tmp_path / "apt")
    pid = hold(tmp_path / "apt" / name, 60, holders)
    done = run(both(limit=0)[0], instead=instead)
    assert done.returncode == 1
    assert f"(pid {pid})" in done.stderr and name in done.stderr
    assert "base.apt_lock_timeout" in done.stderr


def test_a_lock_is_waited_for_until_it_is_free(
    tmp_path: Path, holders: list[subprocess.Popen[str]]
) -> None:
    instead = locks(tmp_path / "apt")
    pid = hold(tmp_path / "apt/lists/lock", 1.0, holders)
    done = run(both(limit=20)[0], instead=instead)
    assert done.returncode == 0
    # Said once, not once a second.
    assert done.stdout.count(f"(pid {pid})") == 1


@pytest.mark.skipif(os.getuid() != 0, reason="needs root")
def test_a_lock_on_another_disk_is_not_ours(
    tmp_path: Path, holders: list[subprocess.Popen[str]]
) -> None:
    """Files of two disks can have the same inode, and /proc/locks goes by inode."""
    disks = [tmp_path / "one", tmp_path / "two"]
    mounted = []
    try:
        for disk in disks:
            disk.mkdir()
            mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(disk)]
            if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
                pytest.skip("cannot mount a tmpfs here")
            mounted.append(disk)
        instead = locks(disks[0])
        locks(disks[1])
        if (disks[0] / "lock").stat().st_ino != (disks[1] / "lock").stat().st_ino:
            pytest.skip("inodes differ here")
        hold(disks[1] / "lock", 60, holders)
        assert run(both(limit=1)[0], instead=instead).returncode == 0
    finally:
        for process in holders:
            process.kill()
            process.wait()
        for disk in mounted:
            subprocess.run(["umount", str(disk)], check=True)


def install(stubs: Stubs, tmp_path: Path) -> tuple[int, list[str]]:
    (tmp_path / "etc-apt").mkdir(exist_ok=True)
    instead = {"/run/firstlight": tmp_path / "run", "/etc/apt": tmp_path / "etc-apt"}
    stubs.forget()
    # What is asked about one package is installed then; of all packages none is half-way.
    stubs.add(
        "dpkg-query", f'case "$*" in {HALF}*" {NAMES[0]}"|*" {NAMES[1]}") echo installed ;; esac'
    )
    done = run(both()[1], stubs.env, instead)
    verbs = [word for call in stubs.calls("apt-get") for word in call.split() if word in VERBS]
    return done.returncode, verbs


VERBS = ("update", "install")
HALF = ""


def test_a_driver_that_cannot_be_built_is_the_gpu_layers_to_mend(
    stubs: Stubs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """apt ends with an error whatever else it does, as long as such a package is half-way."""
    stubs.add("apt-get", 'case "$*" in *update*) ;; *) exit 100 ;; esac')
    stubs.add("dpkg", "exit 100")
    half = "*Status-Eflag*) ;; *'Status} ${Package}'*) echo half-configured nvidia-dkms-580 ;; "
    monkeypatch.setattr(sys.modules[__name__], "HALF", half)
    assert install(stubs, tmp_path)[0] == 0
    monkeypatch.setattr(sys.modules[__name__], "HALF", half.replace("nvidia-dkms-580", "nginx"))
    assert install(stubs, tmp_path)[0] != 0


def test_dpkg_is_mended_first_and_lists_are_fetched(stubs: Stubs, tmp_path: Path) -> None:
    stubs.add("apt-get")
    stubs.add("dpkg")
    assert install(stubs, tmp_path) == (0, ["update", "install"])
    calls = stubs.calls("apt-get", "dpkg")
    assert calls[0].startswith("dpkg --configure -a")
    assert calls[-1].endswith(" ".join(NAMES)) and "--no-install-recommends" in calls[-1]
    # An operator's own change of a packaged file stays.
    assert all("--force-confold" in call for call in calls)


def test_fresh_lists_are_not_fetched_again(stubs: Stubs, tmp_path: Path) -> None:
    stubs.add("apt-get")
    stubs.add("dpkg")
    install(stubs, tmp_path)
    assert install(stubs, tmp_path)[1] == ["install"]
    time.sleep(0.05)
    (tmp_path / "etc-apt/new.sources").touch()
    assert install(stubs, tmp_path)[1] == ["update", "install"]
    old = time.time() - 3600
    os.utime(tmp_path / "run/apt-updated", (old, old))
    assert install(stubs, tmp_path)[1] == ["update", "install"]


def test_broken_dependencies_are_mended_when_apt_refuses(stubs: Stubs, tmp_path: Path) -> None:
    """With lists too old, and with fresh ones."""
    mended = tmp_path / "mended"
    refuse = f'*" -f install "*) touch {mended} ;; *" install "*) [ -e {mended} ] || exit 100 ;;'
    stubs.add("apt-get", f'case "$*" in {refuse} esac')
    stubs.add("dpkg")
    for verbs in ("update install install install", "install install update install"):
        assert install(stubs, tmp_path) == (0, verbs.split())
        mended.unlink()


def test_apt_that_fails_is_explained(stubs: Stubs, tmp_path: Path) -> None:
    stubs.add("dpkg")
    stubs.add("apt-get", "echo 'E: Unable to locate package' >&2; exit 100")
    (tmp_path / "etc-apt").mkdir()
    instead = {"/run/firstlight": tmp_path / "run", "/etc/apt": tmp_path / "etc-apt"}
    done = run(both()[1], stubs.env, instead)
    assert done.returncode != 0
    assert "E: Unable to locate" in done.stderr and "nginx" in done.stderr
