"""Installed packages and what a cut-off dpkg leaves behind, read with this machine's dpkg."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from firstlight.facts.packages import InstalledPackages, Packages
from firstlight.facts.receipt import Serving, ServingVersions
from tests.facts.shell import gather
from tests.stubs import Stubs

# Any file that is not empty will do for dpkg's database, where dpkg-query is a stub.
DPKG = {"/var/lib/dpkg/status": __file__}
needs_dpkg = pytest.mark.skipif(shutil.which("dpkg-query") is None, reason="no dpkg here")


@needs_dpkg
def test_installed_and_unknown_packages() -> None:
    found: Packages = gather(InstalledPackages, names=("dpkg", "no-such-package", "coreutils"))
    assert set(found.versions) == {"dpkg", "coreutils"}
    assert found.versions["dpkg"][0].isdigit()


@needs_dpkg
def test_nothing_installed_is_no_failure() -> None:
    assert gather(InstalledPackages, names=("no-such-package",)).versions == {}


def test_removed_packages_are_not_installed(stubs: Stubs) -> None:
    # dpkg remembers packages whose configuration stayed, and some that never were there.
    stubs.add(
        "dpkg-query",
        "echo 'installed nginx 1.26'; echo 'config-files docker.io 26'; echo 'not-installed x '",
    )
    stubs.add("dpkg")
    names = ("nginx", "docker.io", "x")
    found: Packages = gather(InstalledPackages, stubs.env, DPKG, names=names)
    assert found.versions == {"nginx": "1.26"}


def test_an_interrupted_dpkg_is_noticed(stubs: Stubs, tmp_path: Path) -> None:
    updates = {**DPKG, "/var/lib/dpkg/updates": tmp_path / "updates"}
    for status in ("half-configured ok", "half-installed ok", "unpacked ok", "installed reinstreq"):
        stubs.add("dpkg-query", f"echo installed ok; echo {status}")
        assert gather(InstalledPackages, stubs.env, updates, names=("x",)).interrupted, status
    stubs.add("dpkg-query", "echo installed ok; echo config-files ok; echo not-installed ok")
    assert not gather(InstalledPackages, stubs.env, updates, names=("x",)).interrupted
    (tmp_path / "updates").mkdir()
    assert not gather(InstalledPackages, stubs.env, updates, names=("x",)).interrupted
    (tmp_path / "updates/0001").touch()
    assert gather(InstalledPackages, stubs.env, updates, names=("x",)).interrupted


def test_what_dpkg_holds(stubs: Stubs, tmp_path: Path) -> None:
    updates = {**DPKG, "/var/lib/dpkg/updates": tmp_path / "updates"}
    stubs.add("dpkg-query", "echo installed ok hold linux-image-amd64; echo installed ok install x")
    found = gather(InstalledPackages, stubs.env, updates, names=("x",))
    assert found.holds == {"linux-image-amd64"}


@pytest.mark.skipif(shutil.which("apt-mark") is None, reason="no apt here")
def test_holds_are_those_that_apt_shows() -> None:
    shown = subprocess.run(["apt-mark", "showhold"], capture_output=True, text=True, check=True)
    found: Packages = gather(InstalledPackages, names=("dpkg",))
    assert found.holds == {line.split(":")[0] for line in shown.stdout.split()}


@needs_dpkg
def test_the_receipt_and_its_versions(tmp_path: Path) -> None:
    path = tmp_path / "receipt file.json"
    path.write_text('{\n "schema": 1\n}\n')
    found: Serving = gather(ServingVersions, path=str(path), names=("dpkg", "no-such-package"))
    assert found.text == '{\n "schema": 1\n}\n'
    assert set(found.packages) == {"dpkg"}
    assert found.os and found.kernel


def test_a_package_without_a_version_is_none(stubs: Stubs, tmp_path: Path) -> None:
    stubs.add(
        "dpkg-query",
        'for p in "installed nginx 1.26" "not-installed docker-cli " "config-files apache2 2.4"; do echo "package=$p"; done',
    )
    found: Serving = gather(ServingVersions, stubs.env, path="/absent", names=("nginx",))
    assert found.packages == {"nginx": "1.26"}
    assert found.text is None


@pytest.mark.parametrize("garbage", [[""], ["package="], ["package=x"], ["\x00", "a=b=c"]])
def test_garbage_never_raises(garbage: list[str]) -> None:
    assert InstalledPackages().process(garbage).versions == {}
    assert ServingVersions().process(garbage).packages == {}
