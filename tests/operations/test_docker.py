"""Docker: its daemon's configuration merged with care, images by digest."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from firstlight.facts.docker import Daemon, DockerDaemon, ImagesPresent
from firstlight.operations.docker import daemon, images, merged
from tests.operations.play import commands, converged, run
from tests.stubs import Stubs

needs_root = pytest.mark.skipif(os.getuid() != 0, reason="needs root")

OURS: dict[str, Any] = {"features": {"cdi": True}, "log-driver": "local"}
THEIRS = {"features": {"buildkit": True}, "data-root": "/data", "log-driver": "json-file"}
BOTH = {"features": {"buildkit": True, "cdi": True}, "data-root": "/data", "log-driver": "local"}
RESTART = "systemctl restart docker.service"


def text(config: object) -> str | None:
    return config if isinstance(config, str) or config is None else json.dumps(config)


def have(config: object, **state: bool) -> dict[type, Any]:
    running = {"active": True, "enabled": True}
    return {DockerDaemon: Daemon(text(config), **{**running, **state})}


class DockerHost:
    """A folder with daemon.json, and stubs of dockerd and systemctl."""

    def __init__(self, tmp_path: Path, stubs: Stubs, config: object) -> None:
        self.folder, self.stages, self.stubs = tmp_path / "docker", tmp_path / "stages", stubs
        self.config = self.folder / "daemon.json"
        self.folder.mkdir()
        for name in ("dockerd", "systemctl", "journalctl"):
            stubs.add(name)
        if (content := text(config)) is not None:
            self.config.write_text(content)

    def deploy(self, **state: bool) -> subprocess.CompletedProcess[str]:
        """Run the operation's commands until one fails, as pyinfra does; return the last."""
        content = self.config.read_text() if self.config.exists() else None
        done = None
        for command in commands(daemon, have(content, **state), config=OURS)[0]:
            places = {"/etc/docker": self.folder, "/run/firstlight": self.stages}
            raw = command.get_raw_value()
            instead = {path: place for path, place in places.items() if path in raw}
            done = run(command, self.stubs.env, instead)
            if done.returncode:
                break
        assert done is not None
        return done

    def configured(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.config.read_text())
        return found


def test_converged() -> None:
    assert converged(daemon, have(BOTH), config=OURS)
    assert converged(daemon, have({**BOTH, "zzz": 1}), config=OURS)


@needs_root
def test_others_keys_are_kept(tmp_path: Path, stubs: Stubs) -> None:
    host = DockerHost(tmp_path, stubs, THEIRS)
    assert host.deploy().returncode == 0
    assert host.configured() == BOTH
    assert any("--validate" in call for call in stubs.calls("dockerd"))
    assert stubs.calls("systemctl").count(RESTART) == 1
    assert [path.name for path in host.folder.iterdir()] == ["daemon.json"]


@needs_root
@pytest.mark.parametrize("content", [None, "", " \n", "{}"])
def test_a_host_without_a_configuration(tmp_path: Path, stubs: Stubs, content: object) -> None:
    host = DockerHost(tmp_path, stubs, content)
    assert host.deploy().returncode == 0
    assert host.configured() == OURS


@pytest.mark.parametrize("state", [{"active": False}, {"enabled": False}, {"stale": True}])
def test_only_started_when_the_configuration_is_right(
    tmp_path: Path, stubs: Stubs, state: dict[str, bool]
) -> None:
    host = DockerHost(tmp_path, stubs, BOTH)
    assert host.deploy(**state).returncode == 0
    assert "systemctl enable --quiet docker.service" in stubs.calls()
    assert stubs.calls("systemctl")[-1] == RESTART
    assert not stubs.calls("dockerd")


@needs_root
def test_a_configuration_that_dockerd_refuses(tmp_path: Path, stubs: Stubs) -> None:
    host = DockerHost(tmp_path, stubs, THEIRS)
    stubs.add("dockerd", "echo 'unable to configure' >&2; exit 1")
    done = host.deploy()
    assert done.returncode != 0
    assert "unable to configure" in done.stderr and "gpu1" in done.stderr
    assert host.configured() == THEIRS
    assert RESTART not in stubs.calls()


@needs_root
@pytest.mark.parametrize("content", [THEIRS, None])
def test_a_daemon_that_does_not_start_gets_its_old_configuration_back(
    tmp_path: Path, stubs: Stubs, content: object
) -> None:
    host = DockerHost(tmp_path, stubs, content)
    stubs.add("systemctl", f'[ "$1" != restart ] || ! grep -q cdi "{host.config}" 2>/dev/null')
    assert host.deploy().returncode != 0
    assert host.configured() == content if content else not host.config.exists()
    assert stubs.calls("systemctl").count(RESTART) == 2  # the second with the old one
    assert len(list(host.folder.iterdir())) == (1 if content else 0)


@needs_root
def test_what_the_operator_changed_between_two_runs_is_not_lost(
    tmp_path: Path, stubs: Stubs
) -> None:
    host = DockerHost(tmp_path, stubs, THEIRS)
    stubs.add("dockerd", "exit 1")
    assert host.deploy().returncode != 0
    changed = {**THEIRS, "debug": True}
    host.config.write_text(json.dumps(changed))
    stubs.add("dockerd")
    stubs.add("systemctl", f'[ "$1" != restart ] || ! grep -q cdi "{host.config}"')
    assert host.deploy().returncode != 0
    assert host.configured() == changed


@pytest.mark.parametrize("content", ["{", "[]", "nonsense", '"text"'])
def test_what_cannot_be_read_is_left_alone(tmp_path: Path, stubs: Stubs, content: str) -> None:
    host = DockerHost(tmp_path, stubs, content)
    done = host.deploy()
    assert done.returncode == 1
    assert "/etc/docker" in done.stderr or str(host.config) in done.stderr
    assert host.config.read_text() == content
    assert stubs.calls() == []


def test_a_failed_fact_is_no_exception() -> None:
    assert commands(daemon, {DockerDaemon: None}, config=OURS)[0]


def test_merging_goes_down_and_ours_wins() -> None:
    assert merged(THEIRS, OURS) == BOTH
    deep = {"a": {"b": {"c": 1, "d": 2}}}
    assert merged(deep, {"a": {"b": {"c": 3}}}) == {"a": {"b": {"c": 3, "d": 2}}}
    assert deep == {"a": {"b": {"c": 1, "d": 2}}}
    assert merged({"a": [1]}, {"a": [2]}) == {"a": [2]}
    assert merged({"a": 1}, {"a": {"b": 1}}) == {"a": {"b": 1}}


def test_log_options_belong_to_their_driver() -> None:
    theirs = {"log-driver": "json-file", "log-opts": {"labels": "x"}}
    assert merged(theirs, OURS) == OURS
    assert merged(theirs, {"log-driver": "json-file", "x": 1}) == {**theirs, "x": 1}


ONE, TWO = "registry.example.net/a@sha256:1", "registry.example.net/b@sha256:2"


def test_only_absent_images_are_pulled(stubs: Stubs) -> None:
    stubs.add("docker")
    facts = {ImagesPresent: frozenset({ONE})}
    assert converged(images, facts, references=(ONE,))
    (command,), _ = commands(images, facts, references=(ONE, TWO))
    assert run(command, stubs.env).returncode == 0
    assert stubs.calls() == [f"docker pull --quiet {TWO}"]


@pytest.mark.parametrize("present", [frozenset(), None])
def test_all_images_of_a_bare_host(present: frozenset[str] | None) -> None:
    assert len(commands(images, {ImagesPresent: present}, references=(ONE, TWO))[0]) == 2


def test_a_refused_pull_says_what_and_why(stubs: Stubs) -> None:
    stubs.add("docker", "echo 'manifest unknown' >&2; exit 1")
    (command,), _ = commands(images, {ImagesPresent: frozenset()}, references=(ONE,))
    done = run(command, stubs.env)
    assert done.returncode == 1
    assert "manifest unknown" in done.stderr and f"gpu1: {ONE}" in done.stderr
