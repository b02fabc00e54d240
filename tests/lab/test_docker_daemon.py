"""The Docker daemon's configuration: what others wrote stays, what is wrong stops at the door."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.lab.rack import TestRack
from tests.lab.refused import explained, untouched

CONFIG = "/etc/docker/daemon.json"
BACK_SECONDS = 180
"""For an engine to answer again, on a busy machine too."""


@pytest.fixture(autouse=True)
def same_afterwards(deployed: TestRack) -> Iterator[None]:
    """Put daemon.json back with its time: a newer one would rightly restart the daemon."""
    deployed.sh("lab1", f"cp -p {CONFIG} /run/daemon.json")
    yield
    deployed.sh("lab1", f"cp -p /run/daemon.json {CONFIG}")


def test_what_is_no_json_is_left_as_it_is(deployed: TestRack) -> None:
    deployed.sh("lab1", f'echo "{{broken" >{CONFIG}')
    with untouched(deployed):
        run = deployed.deploy("lab1")
    explained(run, "the Docker daemon's configuration cannot be read", CONFIG, "mend or remove")


def test_what_dockerd_itself_refuses_is_not_written(deployed: TestRack) -> None:
    with untouched(deployed):
        run = deployed.deploy("lab1", data=setting({"no-such-key": True}))
    explained(run, "dockerd refuses the new configuration", "no-such-key")


def test_what_keeps_dockerd_from_starting_is_taken_back(deployed: TestRack) -> None:
    before = deployed.sh("lab1", f"cat {CONFIG}").out
    run = deployed.deploy("lab1", data=setting({"log-opts": {"tag": "x"}}))
    explained(run, "dockerd does not start", "unknown log opt 'tag'")
    assert (
        deployed.sh("lab1", f"cat {CONFIG}; ls /etc/docker").out
        == before + "certs.d\ndaemon.json\n"
    )
    assert deployed.client("lab1").answers(BACK_SECONDS)


def test_an_engine_comes_back_when_docker_was_stopped_and_started(deployed: TestRack) -> None:
    deployed.sh("lab1", "systemctl stop docker.service docker.socket; systemctl start docker")
    assert deployed.client("lab1").answers(BACK_SECONDS)


def setting(daemon: dict[str, object]) -> dict[str, object]:
    return {"docker": {"daemon": daemon}}
