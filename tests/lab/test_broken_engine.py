"""An engine that cannot start: it says why, does not storm, and the next good run mends it."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.lab.client import CHAT, chat
from tests.lab.rack import Run, TestRack
from tests.lab.refused import explained

UNIT = "firstlight-engine-tiny.service"


@pytest.fixture(scope="module")
def broken(deployed: TestRack) -> Iterator[Run]:
    """A run that gave the engine a flag which it does not know; mended afterwards.

    No version before it serves, to which it could be returned.
    """
    deployed.sh("lab1", f"systemctl stop {UNIT}")
    yield deployed.deploy("lab1", data={"models": [deployed.model(args={"no-such-flag": True})]})
    _, totals = deployed.changes("lab1")
    assert totals["success"] >= 1  # the engine with its unit
    assert deployed.client("lab1").answers()


def shown(rack: TestRack, name: str) -> str:
    return rack.sh("lab1", f"systemctl show -P {name} {UNIT}").out.strip()


def test_the_run_ends_with_the_engines_last_words(broken: Run) -> None:
    explained(broken, "the engine of tiny does not answer", "invalid argument: --no-such-flag")
    assert f"journalctl -u {UNIT}" in broken.text


def test_it_is_started_again_at_growing_intervals(deployed: TestRack, broken: Run) -> None:
    first = int(shown(deployed, "NRestarts"))
    time.sleep(6)
    assert int(shown(deployed, "NRestarts")) - first <= 1
    assert shown(deployed, "RestartUSec") == "5s" and shown(deployed, "RestartSteps") == "5"


def test_five_starts_are_enough(deployed: TestRack, broken: Run) -> None:
    deployed.sh("lab1", f"for n in 1 2 3 4 5; do systemctl start {UNIT}; done", check=False)
    words = deployed.sh("lab1", f"journalctl -q -u {UNIT} -n 20 -o cat --no-pager").out
    assert "Start request repeated too quickly" in words
    assert shown(deployed, "ActiveState") == "failed"
    time.sleep(6)
    assert shown(deployed, "ActiveState") == "failed"
    assert deployed.client("lab1").ask(CHAT, chat(1)).status == 503
