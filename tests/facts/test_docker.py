"""The Docker daemon's state and images, from stubs of systemctl and docker."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from firstlight.facts.docker import Daemon, DockerDaemon, ImagesPresent
from firstlight.operations.docker import parsed
from tests.facts.shell import gather
from tests.stubs import Stubs

SYSTEMCTL = """
case "$1" in
  is-active) echo active;; is-enabled) echo enabled;;
  show) echo "$STARTED";;
esac"""


def daemon(stubs: Stubs, config: Path, started: float) -> Daemon:
    stubs.add("systemctl", SYSTEMCTL)
    stamp = time.strftime("%a %Y-%m-%d %H:%M:%S UTC", time.gmtime(started))
    env = {**stubs.env, "STARTED": stamp}
    found: Daemon = gather(DockerDaemon, env, {"/etc/docker/daemon.json": config})
    return found


def test_running_with_its_configuration(stubs: Stubs, tmp_path: Path) -> None:
    config = tmp_path / "daemon.json"
    config.write_text('{\n  "log-driver": "local"\n}\n')
    os.utime(config, (1000, 1_700_000_000))
    found = daemon(stubs, config, 1_700_000_100)
    assert found == Daemon('{\n  "log-driver": "local"\n}\n', True, True, stale=False)
    # A run that was cut off between writing and restarting is finished by the next one.
    assert daemon(stubs, config, 1_699_999_900).stale


def test_no_docker_at_all(stubs: Stubs, tmp_path: Path) -> None:
    stubs.add("systemctl", "exit 4")
    instead = {"/etc/docker/daemon.json": tmp_path / "absent"}
    assert gather(DockerDaemon, stubs.env, instead) == Daemon()


@pytest.mark.parametrize("content", [b"\xff\xfe", b"{", b"[]"])
def test_what_is_no_json_object_is_noticed(stubs: Stubs, tmp_path: Path, content: bytes) -> None:
    config = tmp_path / "daemon.json"
    config.write_bytes(content)
    with pytest.raises(ValueError):
        parsed(daemon(stubs, config, 1_700_000_000).config)


def test_images_by_digest(stubs: Stubs) -> None:
    stubs.add("docker", '[ "$3" = "a@sha256:1" ]')
    found = gather(ImagesPresent, stubs.env, references=("a@sha256:1", "b@sha256:2"))
    assert found == {"a@sha256:1"}


def test_no_images_without_docker(stubs: Stubs) -> None:
    alone = {**stubs.env, "PATH": str(stubs.folder)}
    assert ImagesPresent().process([]) == frozenset()
    (stubs.folder / "sh").symlink_to("/bin/sh")
    assert gather(ImagesPresent, alone, references=("a@sha256:1",)) == frozenset()


@pytest.mark.parametrize("garbage", [[""], ["config=%%%"], ["config=/w=="], ["active"], ["=\x00"]])
def test_garbage_never_raises(garbage: list[str]) -> None:
    assert not DockerDaemon().process(garbage).active
