"""The scripts for dnf and rpm, run by the real ones against a repository with a key of its own."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.lab.dnf_host import DnfHost, dnf_host
from tests.lab.rack import WORKER

# dnf's own lock, taken by dnf's own code.
HOLDER = """
import dnf.lock, time
with dnf.lock.build_metadata_lock("/var/cache/dnf", True): time.sleep({seconds})
"""


@pytest.fixture(scope="module")
def host() -> Iterator[DnfHost]:
    with dnf_host(f"dnf{WORKER}") as made:
        yield made


def hold(host: DnfHost, seconds: int) -> str:
    """Have a program hold dnf's lock for so many seconds; its pid."""
    code = HOLDER.format(seconds=seconds)
    host.sh(
        f"cat >/run/holder.py <<'END'{code}END\nsystemd-run -q -u holder python3 /run/holder.py"
    )
    for _ in range(50):
        if pid := host.sh("cat /var/cache/dnf/metadata_lock.pid 2>/dev/null").stdout:
            return pid
        time.sleep(0.1)
    raise AssertionError("the lock was not taken")


def test_what_is_wanted_is_installed_and_nothing_that_is_only_recommended(host: DnfHost) -> None:
    done = host.install("tool", "curl")
    assert done.returncode == 0, done.stderr
    assert host.have("tool", "curl", "extra", "curl-minimal").versions == {
        "tool": "2:1.0-1", "curl": "0:1.0-1", "curl-minimal": "0:1.0-1",
    }  # fmt: skip
    # The second time there is nothing to do, and nothing is run.
    assert host.install("tool", "curl").args == []


def test_metadata_are_fetched_once_and_again_where_repositories_changed(host: DnfHost) -> None:
    host.install("tool", "extra")
    host.sh("rpm -e extra; sleep 1")
    assert "Metadata cache created" not in host.install("extra").stdout
    host.sh("rpm -e extra; touch /etc/yum.repos.d/lab.repo")
    assert "Metadata cache created" in host.install("extra").stdout


def test_modules_are_those_of_the_kernel_that_runs(host: DnfHost) -> None:
    done = host.install("kernel-modules-extra")
    assert done.returncode == 0, done.stderr
    release = host.sh("uname -r").stdout.strip()
    assert host.have(f"kernel-modules-extra-{release}").versions


@pytest.mark.parametrize(
    ("name", "words"),
    [("no-such", "Unable to find a match: no-such"), ("unsigned", "is not signed")],
)
def test_what_dnf_refuses_is_told_in_its_words(host: DnfHost, name: str, words: str) -> None:
    done = host.install(name)
    assert done.returncode != 0
    assert words in done.stderr and f"packages could not be installed: {name}" in done.stderr
    assert "fix: see that the host reaches its repositories" in done.stderr
    assert host.have(name).versions == {}


def test_the_holder_of_dnfs_lock_is_named(host: DnfHost) -> None:
    pid = hold(host, 60)
    try:
        done = host.install("slow", lock_timeout=1)
    finally:
        host.sh("systemctl stop holder")
    assert done.returncode == 1
    assert f"python3 (pid {pid}) holds /var/cache/dnf/metadata_lock.pid" in done.stderr
    assert "dnf is in use by another program" in done.stderr


def test_a_lock_that_is_released_in_time_holds_nobody_up(host: DnfHost) -> None:
    hold(host, 4)
    host.sh("rpm -e tool")
    done = host.install("tool")
    assert done.returncode == 0, done.stderr


def test_the_holder_of_rpms_lock_is_named(host: DnfHost) -> None:
    """rpm runs a package's script, under its own lock and none of dnf's."""
    start = "systemd-run -q -u holder rpm -i --nodeps --nosignature /srv/repo/noarch/slow-*.rpm"
    host.sh(f"{start}; sleep 1")
    try:
        done = host.install("no-such", lock_timeout=1)
    finally:
        host.sh("systemctl stop holder")
    assert "rpm (pid " in done.stderr and "holds /var/lib/rpm/.rpm.lock" in done.stderr


def test_version_locks_are_holds(host: DnfHost) -> None:
    assert host.sh("dnf -q versionlock add tool </dev/null").returncode == 0
    host.sh("dnf -q versionlock add --raw '*cuda*' </dev/null")
    host.sh("dnf -q versionlock exclude extra </dev/null")
    assert host.have("tool").holds == {"tool", "*cuda*"}
