"""Packages by dnf: only what is missing, and never beside another user of dnf or rpm."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from pyinfra.api import StringCommand

from firstlight.facts.packages import InstalledPackages, Packages
from firstlight.operations.packages import installed
from tests.operations.play import commands, converged, run
from tests.stubs import Stubs

NAMES = ("docker-ce", "/usr/bin/curl")
HOLD = "import fcntl,sys,time; f=open(sys.argv[1],'w'); fcntl.lockf(f,fcntl.LOCK_EX); print(flush=True); time.sleep(60)"
PID_FILES = ("lib/rpmdb_lock.pid", "cache/metadata_lock.pid", "cache/download_lock.pid")


def have(*names: str) -> dict[type, object]:
    return {InstalledPackages: Packages(dict.fromkeys(names, "1.0-1.el9"))}


def both(limit: int = 0, names: tuple[str, ...] = NAMES) -> tuple[StringCommand, StringCommand]:
    options = {"names": names, "lock_timeout": limit, "manager": "dnf"}
    (wait, install), _ = commands(installed, have("/usr/bin/curl"), **options)
    return wait, install


def locks(folder: Path) -> dict[str, object]:
    """The folders of dnf's and rpm's locks, as folders of the test's own."""
    for name in ("lib", "cache", "rpm"):
        (folder / name).mkdir(parents=True)
    (folder / "rpm/.rpm.lock").touch()
    return {
        "/var/lib/rpm/": f"{folder}/rpm/",
        "/usr/lib/sysimage/rpm/": f"{folder}/sysimage/",
        "/var/lib/dnf/": f"{folder}/lib/",
        "/var/cache/dnf/": f"{folder}/cache/",
        "command -v cloud-init": "false",
    }


def test_nothing_to_do() -> None:
    assert converged(installed, have(*NAMES), names=NAMES, manager="dnf")


def test_free_locks_are_not_waited_for(tmp_path: Path) -> None:
    assert run(both()[0], instead=locks(tmp_path / "dnf")).returncode == 0


@pytest.mark.parametrize("name", PID_FILES)
def test_a_pid_file_of_dnf_counts_while_its_process_lives(tmp_path: Path, name: str) -> None:
    instead = locks(tmp_path / "dnf")
    path = tmp_path / "dnf" / name
    path.write_text(str(os.getpid()))
    done = run(both()[0], instead=instead)
    assert done.returncode == 1
    assert f"(pid {os.getpid()}) holds {path}" in done.stderr
    assert "dnf is in use by another program" in done.stderr
    assert "base.apt_lock_timeout" in done.stderr
    for dead in ("", "4194999", "torn\n"):
        path.write_text(dead)
        assert run(both()[0], instead=instead).returncode == 0, dead


def test_the_holder_of_rpms_lock_is_named(tmp_path: Path) -> None:
    instead = locks(tmp_path / "dnf")
    path = tmp_path / "dnf/rpm/.rpm.lock"
    argv = [sys.executable, "-c", HOLD, str(path)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        done = run(both()[0], instead=instead)
        holder.kill()
    assert f"(pid {holder.pid}) holds {path}" in done.stderr


def install(
    stubs: Stubs, tmp_path: Path, limit: int = 0, names: tuple[str, ...] = NAMES
) -> tuple[subprocess.CompletedProcess[str], list[str]]:
    """Run the script; what it made of dnf, without the options that are always there."""
    repositories = tmp_path / "repositories"
    repositories.mkdir(exist_ok=True)
    instead = {"/run/firstlight": tmp_path / "run", "/etc/yum.repos.d /etc/dnf": repositories}
    stubs.forget()
    done = run(both(limit, names)[1], stubs.env, instead)
    always = "dnf -y --setopt=install_weak_deps=False --setopt=exit_on_lock=True "
    calls = stubs.calls("dnf")
    assert all(call.startswith(always) for call in calls)
    return done, [call.removeprefix(always) for call in calls]


FETCH, INSTALL = "--refresh makecache", "install docker-ce"


def test_only_what_is_missing_is_named(stubs: Stubs, tmp_path: Path) -> None:
    stubs.add("dnf")
    assert install(stubs, tmp_path)[1] == [FETCH, INSTALL]


def test_metadata_are_fetched_once_in_ten_minutes(stubs: Stubs, tmp_path: Path) -> None:
    stubs.add("dnf")
    install(stubs, tmp_path)
    assert install(stubs, tmp_path)[1] == [INSTALL]
    time.sleep(0.05)
    (tmp_path / "repositories/new.repo").touch()
    assert install(stubs, tmp_path)[1] == [FETCH, INSTALL]
    old = time.time() - 3600
    os.utime(tmp_path / "run/dnf-updated", (old, old))
    assert install(stubs, tmp_path)[1] == [FETCH, INSTALL]


def test_what_is_not_to_be_had_is_looked_for_once_more(stubs: Stubs, tmp_path: Path) -> None:
    stubs.add("dnf")
    install(stubs, tmp_path)
    stubs.add(
        "dnf", 'case "$*" in *install*docker*) echo "Unable to find a match" >&2; exit 1;; esac'
    )
    done, calls = install(stubs, tmp_path)
    assert calls == [INSTALL, FETCH, INSTALL]
    assert done.returncode == 1
    assert "Unable to find a match" in done.stderr and "installed: docker-ce" in done.stderr
    assert "dnf's own words stand above" in done.stderr


def test_repositories_that_do_not_answer_end_it(stubs: Stubs, tmp_path: Path) -> None:
    stubs.add("dnf", "echo 'Cannot download repomd.xml' >&2; exit 1")
    done, calls = install(stubs, tmp_path)
    assert (done.returncode, calls) == (1, [FETCH])
    assert not (tmp_path / "run/dnf-updated").exists()


def test_a_lock_taken_meanwhile_is_waited_for(stubs: Stubs, tmp_path: Path) -> None:
    """dnf says 200 where another dnf was faster; its own waiting would have no end."""
    taken = tmp_path / "taken"
    taken.touch()
    stubs.add("sleep", f"rm -f '{taken}'")
    stubs.add("dnf", f"[ ! -e '{taken}' ] || exit 200")
    done, calls = install(stubs, tmp_path, limit=10)
    assert (done.returncode, calls) == (0, [FETCH, FETCH, INSTALL])
    stubs.add("dnf", "exit 200")
    done, calls = install(stubs, tmp_path, limit=4)
    # Twice two seconds are waited, in all: the last try finds them used up.
    assert (done.returncode, calls) == (200, [INSTALL, INSTALL, INSTALL, FETCH])


def test_modules_are_those_of_the_kernel_that_runs(stubs: Stubs, tmp_path: Path) -> None:
    stubs.add("dnf")
    stubs.add("uname", "echo 6.12.0-124.8.1.el10_1.x86_64")
    names = ("kernel-modules-extra", "docker-ce")
    calls = install(stubs, tmp_path, names=names)[1]
    assert calls[-1] == "install kernel-modules-extra-6.12.0-124.8.1.el10_1.x86_64 docker-ce"
