"""The scripts of the way back, run here on folders that stand for a host's."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from firstlight.facts.manifest import Entry, ManifestState, Recorded, Unit
from firstlight.facts.remaining import Remaining, summary
from firstlight.manifest import FOLDER
from firstlight.operations import removal_scripts as scripts
from firstlight.operations import uninstall
from firstlight.operations.commands import script
from firstlight.operations.uninstall import Traces, lines
from tests.operations.play import commands, converged, run
from tests.stubs import Stubs

TRACES = Traces(("/etc/firstlight/",), ("nginx.service",), "/srv/models")
NGINX = Unit("nginx.service", ("-", "-"), ("enabled", "active"))
EVERY = (
    (uninstall.put_back, {"part": "files"}),
    (uninstall.containers_gone, {}),
    (uninstall.holds_lifted, {}),
    (uninstall.switched, {}),
    (uninstall.purged, {"data": ()}),
    (uninstall.accounts_gone, {"keep": ()}),
    (uninstall.forgotten, {}),
)


@pytest.mark.parametrize(("operation", "more"), EVERY)
def test_on_a_clean_host_nothing_happens(operation: Any, more: dict[str, Any]) -> None:
    assert converged(operation, {ManifestState: Recorded()}, traces=TRACES, **more)


@pytest.mark.parametrize(
    ("operation", "more", "found"),
    [
        (*EVERY[0], Recorded("first", (Entry("/etc/x", "-", "ours"),))),
        (*EVERY[0], Recorded("first", words={"sysctl": (("net/ipv4/ip_forward", "0"),)})),
        (*EVERY[0], Recorded("first", words={"aside": (("/etc/cdi/nvidia.yaml",),)})),
        (*EVERY[1], Recorded("first", words={"volume": (("firstlight-cache-x",),)})),
        (*EVERY[2], Recorded("first", words={"hold": (("cuda",),)})),
        (*EVERY[3], Recorded("first", units=(NGINX,))),
        (*EVERY[3], Recorded("first", words={"bridge": (("docker0",),)})),
        (*EVERY[4], Recorded("first", words={"moved": (("+", "user", "x"),)})),
        (*EVERY[5], Recorded("first", words={"account": (("firstlight-models",),)})),
        (*EVERY[6], Recorded("first", words={"own": (("/etc/firstlight",),)})),
        (*EVERY[6], Recorded("first")),
    ],
)
def test_what_is_there_goes(operation: Any, more: dict[str, Any], found: Recorded) -> None:
    assert commands(operation, {ManifestState: found}, traces=TRACES, **more)[0]


def test_docker_runs_on_for_containers_of_others() -> None:
    docker = Unit("docker.service", ("-", "-"), ("enabled", "active"))
    for words, silent in ({"foreign": (("2",),)}, True), ({"foreign": (("0",),)}, False):
        found = Recorded("first", units=(docker,), words=words)
        assert converged(uninstall.switched, {ManifestState: found}, traces=TRACES) is silent


def test_the_account_that_owns_weights_stays_with_them() -> None:
    found = Recorded("first", words={"account": (("firstlight-models",), ("firstlight-people",))})
    (only,), _ = commands(
        uninstall.accounts_gone, {ManifestState: found}, traces=TRACES, keep=("firstlight-models",)
    )
    assert only.get_raw_value().endswith("firstlight firstlight-people")


@pytest.mark.parametrize(
    ("words", "kept"),
    [({"moved": (("+", "installed", "nginx"),)}, "yes"), ({}, "no")],
)
def test_the_manifest_stays_with_what_it_knows(words: Any, kept: str) -> None:
    found = Recorded("first", words={**words, "own": (("/etc/firstlight",),)})
    (forget,), _ = commands(uninstall.forgotten, {ManifestState: found}, traces=TRACES)
    assert forget.get_raw_value().endswith(f" {kept}")


class Disk:
    """A folder that stands for a host's disk, with a manifest on it."""

    def __init__(self, tmp_path: Path, stubs: Stubs) -> None:
        self.folder, self.records, self.stubs = tmp_path / "disk", tmp_path / "records", stubs
        self.folder.mkdir()
        stubs.add("systemctl")
        stubs.add("sync")

    def put(self, name: str, text: str, original: str | None = None) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        if original is not None:
            kept = Path(f"{self.records}/originals{path}")
            kept.parent.mkdir(parents=True, exist_ok=True)
            kept.write_text(original)
            kept.chmod(0o640)
        return path

    def act(self, *todo: tuple[str, Path, str]) -> subprocess.CompletedProcess[str]:
        text = lines([(kind, str(path), mode) for kind, path, mode in todo], "\t")
        command = script(scripts.FILES, str(self.records), _stdin=text)
        return run(command, self.stubs.env)


@pytest.fixture
def disk(tmp_path: Path, stubs: Stubs) -> Disk:
    return Disk(tmp_path, stubs)


def test_files_go_come_back_and_stay(disk: Disk) -> None:
    ours, theirs = disk.put("ours dir/x", "ours"), disk.put("theirs", "ours", "theirs")
    changed, tree = disk.put("changed", "by hand", "theirs"), disk.put("firstlight/a/b", "1")
    todo = [
        ("remove", ours, ""),
        ("restore", theirs, ""),
        ("beside", changed, ""),
        ("tree", disk.folder / "firstlight", ""),
        ("rmdir", ours.parent, ""),
    ]
    for _ in range(2):  # what was broken off is continued
        done = disk.act(*todo)
        assert done.returncode == 0, done.stderr
        assert not ours.parent.exists() and not tree.parents[1].exists()
        assert theirs.read_text() == "theirs" and theirs.stat().st_mode & 0o777 == 0o640
        assert changed.read_text() == "by hand"
        assert Path(f"{changed}.before-firstlight").read_text() == "theirs"


def test_a_folder_with_something_in_it_stays(disk: Disk) -> None:
    other = disk.put("folder/other", "theirs")
    assert disk.act(("rmdir", other.parent, "")).returncode == 0
    assert other.read_text() == "theirs"


def test_a_unit_is_stopped_while_its_file_is_there(disk: Disk) -> None:
    plain, template = disk.put("firstlight-x.timer", "1"), disk.put("firstlight-w@.service", "1")
    assert disk.act(("unit", plain, ""), ("unit", template, "")).returncode == 0
    calls = disk.stubs.calls("systemctl")
    assert calls[0] == "systemctl disable --quiet --now firstlight-x.timer"
    assert "systemctl stop firstlight-w@*" in calls and calls[-1] == "systemctl daemon-reload"
    assert not plain.exists() and not template.exists()


def test_what_was_set_aside_comes_back_unless_its_place_is_taken(disk: Disk) -> None:
    free = disk.put("a.sources.before-firstlight.disabled", "theirs")
    taken = disk.put("b.yaml.before-firstlight", "old")
    disk.put("b.yaml", "new")
    assert disk.act(("aside", free, ""), ("aside", taken, "")).returncode == 0
    assert (disk.folder / "a.sources").read_text() == "theirs"
    assert (disk.folder / "b.yaml").read_text() == "new" and taken.exists()


def test_what_is_left_is_said_in_words() -> None:
    fact = Remaining()
    fact.command(folder=FOLDER, own=("/etc/firstlight",))
    found = fact.process(
        [
            "+ socket tcp 0.0.0.0:80 nginx",
            "- file /etc/x 1",
            "+ file /etc/x 2",
            "- unit old.service enabled",
            "+ directory /etc/firstlight 755 root:root",
            "+ package nginx installed 1",
        ]
    )
    assert found == [
        "other than before: file /etc/x",
        "left, and not there before: package nginx",
        "left, and not there before: socket tcp 0.0.0.0:80 nginx",
        "gone: unit old.service",
    ]
    assert summary([], True) == ["the host is as it was before firstlight"]
    assert len(summary(found, False)) == 4 and "1 of kind package" in summary(found, True)[-1]
