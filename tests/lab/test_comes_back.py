"""What goes wrong on a deployed host mends itself: engine and edge are back, nothing is to do."""

from __future__ import annotations

import pytest

from tests.lab import own_labs
from tests.lab.rack import TestRack

HOST = "lab1"
BACK_SECONDS = 180

RUNNING = "docker inspect -f '{{.Id}} {{.State.StartedAt}}' firstlight-tiny"


def unchanged(rack: TestRack) -> None:
    """Fail unless a run finds nothing to do."""
    run, totals = rack.changes(HOST)
    assert (totals["success"], totals["error"]) == (0, 0), run.text


def test_after_an_orderly_reboot(deployed: TestRack) -> None:
    own_labs.reboot(deployed.state, HOST)
    assert deployed.client(HOST).answers(BACK_SECONDS)
    unchanged(deployed)


TROUBLES = {
    "docker is restarted": "systemctl restart docker.service",
    "docker is stopped and started": "systemctl stop docker.service docker.socket; "
    "systemctl start docker.service",
    "docker is killed": "systemctl kill --signal=KILL docker.service",
    # After the trouble before, its unit may be about to start another.
    "the engine's container is killed": "for i in $(seq 60); do docker kill firstlight-tiny && exit; "
    "sleep 0.5; done; exit 1",
    "nginx is killed": "systemctl kill --signal=KILL nginx.service",
}


@pytest.mark.parametrize("trouble", TROUBLES)
def test_after(deployed: TestRack, trouble: str) -> None:
    # Five starts in a quarter of an hour are the unit's limit; every trouble here is the first.
    deployed.sh(HOST, "systemctl reset-failed")
    deployed.sh(HOST, TROUBLES[trouble], timeout=120)
    assert deployed.client(HOST).answers(BACK_SECONDS), deployed.sh(
        HOST, "journalctl -u 'firstlight-engine-*' -u docker -n 40 --no-pager"
    ).out


def test_a_daemon_reload_does_not_touch_the_engine(deployed: TestRack) -> None:
    before = deployed.sh(HOST, RUNNING).out
    deployed.sh(HOST, "systemctl daemon-reload")
    assert deployed.client(HOST).answers()
    assert deployed.sh(HOST, RUNNING).out == before
    unchanged(deployed)
