"""Installed packages and version locks where rpm has the database, from what rpm 4.20 says."""

from __future__ import annotations

from pathlib import Path

import pytest

from firstlight.facts.packages import InstalledPackages, Packages
from tests.facts.shell import gather
from tests.stubs import Stubs

# As rpm answers on a host with curl-minimal, a version with an epoch, and two kernels.
RPM = r"""
for word; do last=$word; done
case "$*" in
  *--whatprovides*)
    case $last in
      curl|/usr/bin/curl) echo 7.76.1-34.el9 ;;
      *) echo "no package provides $last"; exit 1 ;;
    esac ;;
  *)
    shift 3
    for name; do
      case $name in
        docker-ce) echo 'package installed docker-ce 3:29.6.2-1.el9' ;;
        iproute) echo 'package installed iproute 6.14.0-2.el9' ;;
        kernel-devel)
          echo 'package installed kernel-devel 5.14.0-570.12.1.el9_6'
          echo 'package installed kernel-devel 5.14.0-611.5.1.el9_7' ;;
        *) echo "package $name is not installed"; missing=1 ;;
      esac
    done
    [ -z "${missing:-}" ] ;;
esac
"""

# As dnf versionlock add, add --raw and exclude write it.
LOCKS = """
# Added lock on Fri Nov 20 11:02:33 2026
kernel-core-0:5.14.0-611.5.1.el9_7.*

# Added lock on Fri Nov 20 11:02:40 2026
*nvidia*580*
libnvidia-ml-3:580.178.04-1.el9.*

# Added exclude on Fri Nov 20 11:03:01 2026
!docker-ce-3:29.6.1-1.el9.*
"""


def found(stubs: Stubs, folder: Path, *names: str) -> Packages:
    stubs.add("rpm", RPM)
    instead = {
        "/var/lib/dpkg/status": folder / "none",
        "/etc/dnf/plugins/versionlock.list": folder / "versionlock.list",
    }
    made: Packages = gather(InstalledPackages, stubs.env, instead, names=names)
    return made


def test_versions_with_and_without_an_epoch(stubs: Stubs, tmp_path: Path) -> None:
    assert found(stubs, tmp_path, "docker-ce", "no-such", "iproute") == Packages(
        {"docker-ce": "3:29.6.2-1.el9", "iproute": "6.14.0-2.el9"}
    )


def test_of_several_versions_the_newest_counts(stubs: Stubs, tmp_path: Path) -> None:
    versions = found(stubs, tmp_path, "kernel-devel").versions
    assert versions == {"kernel-devel": "5.14.0-611.5.1.el9_7"}


def test_what_another_package_provides_is_there(stubs: Stubs, tmp_path: Path) -> None:
    """The package curl conflicts with curl-minimal, which RHEL 9 comes with."""
    versions = found(stubs, tmp_path, "curl", "/usr/bin/curl", "iproute").versions
    assert versions["curl"] == versions["/usr/bin/curl"] == "7.76.1-34.el9"


def test_rpm_is_asked_once_where_all_is_there(stubs: Stubs, tmp_path: Path) -> None:
    found(stubs, tmp_path, "docker-ce", "iproute", "kernel-devel")
    assert len(stubs.calls("rpm")) == 1


def test_version_locks_are_holds(stubs: Stubs, tmp_path: Path) -> None:
    (tmp_path / "versionlock.list").write_text(LOCKS)
    holds = found(stubs, tmp_path, "iproute").holds
    assert holds == {"kernel-core", "*nvidia*580*", "libnvidia-ml"}


def test_an_rpm_beside_dpkg_is_not_asked(stubs: Stubs, tmp_path: Path) -> None:
    stubs.add("rpm", RPM)
    stubs.add("dpkg-query", "echo installed docker-ce 5:29.6.2")
    instead = {"/var/lib/dpkg/status": __file__}
    have = gather(InstalledPackages, stubs.env, instead, names=("docker-ce",))
    assert have.versions == {"docker-ce": "5:29.6.2"}
    assert stubs.calls("rpm") == []


@pytest.mark.parametrize("garbage", ["lock ", "lock !", "lock -", "hold", "lock a b", "lock --1-"])
def test_garbage_never_raises(garbage: str) -> None:
    assert InstalledPackages().process([garbage]).versions == {}
