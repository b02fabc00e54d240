"""Packages that go: waited for, put right after a cut, and what others need stays with its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from firstlight.facts.manifest import ManifestState, Recorded
from firstlight.operations import removal_scripts as scripts
from firstlight.operations import uninstall
from firstlight.operations.commands import script
from firstlight.operations.uninstall import Traces
from tests.facts.shell import gather
from tests.operations.play import commands, run
from tests.stubs import Stubs

TRACES = Traces((), (), "/srv/models")
PURGE = scripts.PURGE["apt"].join(scripts.AROUND)


class Host:
    """A folder with a manifest, an /etc, and a dpkg that knows what it is told."""

    def __init__(self, folder: Path, stubs: Stubs) -> None:
        self.records, self.etc, self.stubs = folder / "records", folder / "etc", stubs
        self.records.mkdir()
        self.etc.mkdir()
        (self.etc / "localtime").write_text("theirs")
        (self.records / "before").write_text(f"file {self.etc}/localtime 1\n")
        stubs.add("sync")
        stubs.add("dpkg-query", "echo not-installed")

    def purge(self, *names: str) -> Any:
        command = script(PURGE, str(self.records), _stdin="\n".join(names))
        return run(command, self.stubs.env, {"cp -a /etc": f"cp -a {self.etc}"} | self.places)

    @property
    def places(self) -> dict[str, object]:
        return {r"\/etc\/": str(self.etc).replace("/", r"\/") + r"\/",
                '"$work$path"': f'"$work/etc${{path#{self.etc}}}"'}  # fmt: skip


@pytest.fixture
def host(tmp_path: Path, stubs: Stubs) -> Host:
    return Host(tmp_path, stubs)


def test_what_a_package_takes_along_comes_back(host: Host) -> None:
    host.stubs.add("dpkg", f"rm {host.etc}/localtime")
    assert host.purge("tzdata").returncode == 0
    assert (host.etc / "localtime").read_text() == "theirs"
    assert not (host.records / "purge").exists()
    assert (host.records / "others").read_text() == ""


def test_after_a_cut_it_comes_back_by_the_next_run(host: Host) -> None:
    """dpkg took it along, then the power went; nothing is left to purge."""
    host.stubs.add("dpkg", f"rm {host.etc}/localtime; kill -9 $PPID")
    assert host.purge("tzdata").returncode != 0
    assert not (host.etc / "localtime").exists() and (host.records / "purge").exists()
    assert host.purge().returncode == 0
    assert (host.etc / "localtime").read_text() == "theirs"
    assert not (host.records / "purge").exists()


def test_a_manager_that_is_in_use_is_a_failure_and_no_package_that_stays(host: Host) -> None:
    host.stubs.add("dpkg", "echo 'dpkg: error: dpkg frontend lock was locked' >&2; exit 2")
    done = host.purge("nginx")
    assert done.returncode == 1 and "lock" in done.stderr


def test_what_others_need_stays_with_its_accounts(host: Host) -> None:
    host.stubs.add("dpkg", "echo 'dpkg: error processing package libx (--purge):'; exit 1")
    host.stubs.add("dpkg-query", "echo installed")
    done = host.purge("libx")
    assert done.returncode == 0 and "processing package libx" in done.stderr
    for name in ("getent", "userdel", "groupdel"):
        host.stubs.add(name)
    logs, other = host.etc / "libx", host.etc / "else"
    logs.mkdir()
    other.mkdir()
    run(script(scripts.DATA, str(host.records), str(logs), str(other)))
    assert logs.exists() and not other.exists()
    kept = run(script(scripts.THEIR_ACCOUNTS, str(host.records), "x"), host.stubs.env)
    assert kept.returncode == 0 and not host.stubs.calls("userdel")
    host.stubs.add("dpkg-query", "echo not-installed")
    assert host.purge("libx").returncode == 0
    run(script(scripts.THEIR_ACCOUNTS, str(host.records), "x"), host.stubs.env)
    assert host.stubs.calls("userdel") == ["userdel x"]


@pytest.mark.parametrize("count", ["0", "1"])
def test_docker_stays_with_what_others_have_in_it(count: str) -> None:
    moved = [("+", "installed", "docker.io"), ("+", "installed", "nginx"), ("+", "group", "docker")]
    found = Recorded("first", words={"moved": tuple(moved), "foreign": ((count,),)})
    made, _ = commands(
        uninstall.purged, {ManifestState: found}, traces=TRACES, data=("/var/lib/docker", "/x")
    )
    purge = next(each for each in made if "_stdin" in each.connector_arguments)
    words = purge.connector_arguments["_stdin"].split()
    assert words == (["nginx"] if count == "1" else ["docker.io", "nginx"])
    assert any("/var/lib/docker" in each.get_raw_value() for each in made) is (count == "0")
    assert any(each.get_raw_value().endswith(" docker") for each in made) is (count == "0")


def test_a_cut_purge_is_continued_with_nothing_left_to_purge() -> None:
    found = Recorded("first", words={"cut": (("purge",),)})
    assert commands(uninstall.purged, {ManifestState: found}, traces=TRACES, data=())[0]


def test_half_removed_packages_and_volumes_of_others_are_seen(tmp_path: Path, stubs: Stubs) -> None:
    records, docker = tmp_path / "manifest", tmp_path / "docker"
    (docker / "volumes" / "theirs").mkdir(parents=True)
    (docker / "volumes" / "firstlight-cache-x").mkdir()
    records.mkdir()
    (records / "taken").write_text("first 2026-01-01")
    (records / "packages").write_text("".join(f"+installed {name}\n" for name in "abcd"))
    status = tmp_path / "status"
    status.write_text("x")
    stubs.add("dpkg-query", "printf '%s\\n' 'installed a' 'half-installed b' 'config-files c' 'not-installed d'")  # fmt: skip
    stubs.add("systemctl", "exit 3")
    found = gather(
        ManifestState, stubs.env,
        {"/var/lib/docker": docker, "/var/lib/dpkg/status": status},
        folder=str(records), held="/none", owned=(), units=(), store="/none",
        kinds=("packages", "docker"),
    )  # fmt: skip
    assert found.moved("+", "installed") == ("a", "b", "c")
    assert found.named("foreign") == ("1",)
