"""Real hosts for the tests: a lab of its own, deployed to the way an operator does it.

The lab is driven through the ``firstlight`` command and hosts through plain ``pyinfra`` and
``ssh``, so that the tests go the users' way and also work where the user is a sudoer.
KEEP_LAB=1 leaves the lab up for a look afterwards, and starts from the one it finds. Tests that
run side by side (pytest -n) have a lab for each worker.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from firstlight.lab.state import Rack
from tests.lab import first_day, gpu_rack, lab_keys, own_labs
from tests.lab.first_day import FirstDay
from tests.lab.gpu_first_day import GpuDays
from tests.lab.gpu_rack import GpuRack
from tests.lab.rack import LAB, TestRack, firstlight

KEEP = bool(os.environ.get("KEEP_LAB"))
# Observation has a rack of its own (tests/lab/watching): elsewhere nobody watches.
os.environ["MONITOR"] = ""


@pytest.fixture(scope="session")
def rack() -> Iterator[TestRack]:
    """A lab of two bare hosts with llama.cpp's image; gone afterwards."""
    if not KEEP:
        firstlight("lab", "down", "--purge", "--name", LAB, check=False)
    firstlight("lab", "up", "--name", LAB, "--hosts", "2", "--engine", "llamacpp", timeout=1200)
    firstlight("keys", "issue", "demo", "--once", "--site", LAB)
    found = TestRack.load()
    lab_keys.issue(found.state, lab_keys.LIMITS)
    yield found
    if not KEEP:
        firstlight("lab", "down", "--purge", "--name", LAB)


@pytest.fixture(scope="session")
def day(rack: TestRack) -> FirstDay:
    """lab1 from bare to deployed, and deployed again."""
    return first_day.live(rack)


@pytest.fixture(scope="session")
def deployed(rack: TestRack, request: pytest.FixtureRequest) -> TestRack:
    """The lab with the stack on lab1. A test that changes it puts it back."""
    if KEEP and first_day.deployed(rack):
        run = rack.deploy("lab1")
    else:
        run = request.getfixturevalue("day").deploy
        if run.code:  # the tests of the first day fail of it; all others are about something else
            warnings.warn(f"the first run failed, and was made again:\n{run.text}", stacklevel=1)
            run = rack.deploy("lab1")
    assert run.code == 0, run.text
    return rack


@pytest.fixture(scope="session")
def slow_key(rack: TestRack) -> Path:
    """The file of a key that may ask once in a second."""
    return lab_keys.key_file(rack.state, "slow")


@pytest.fixture(scope="session")
def one() -> Iterator[Rack]:
    """A lab without services: lab1 on Debian 13, lab2 on Debian 12; gone afterwards."""
    own_labs.up(own_labs.ONE)
    own_labs.up(own_labs.ONE, "--hosts", "2", "--suite", "bookworm")
    yield own_labs.load(own_labs.ONE)
    firstlight("lab", "down", "--purge", "--name", own_labs.ONE)


@pytest.fixture(scope="session")
def gpus(request: pytest.FixtureRequest) -> Iterator[GpuDays]:
    """A lab with SIMULATED GPUs, its hosts bare: lab1 has a 4090, lab2 eight H100; gone afterwards."""
    if not KEEP:
        firstlight("lab", "down", "--purge", "--name", gpu_rack.NAME, check=False)
    cards = ("--gpus", "lab1=rtx4090", "--gpus", "lab2=8xh100")
    gpu_rack.up("--hosts", "2", *cards, "--engine", "llamacpp")
    firstlight("keys", "issue", "demo", "--once", "--site", gpu_rack.NAME)
    days = GpuDays(GpuRack.load())
    asked = [
        item.fixturenames for item in request.session.items if isinstance(item, pytest.Function)
    ]
    if any("board" in names for names in asked) and any("card" in names for names in asked):
        for host in ("lab1", "lab2"):  # a first run waits more than it works
            days.begin(host)
    yield days
    days.pool.shutdown(cancel_futures=True)
    if not KEEP:
        firstlight("lab", "down", "--purge", "--name", gpu_rack.NAME)


@pytest.fixture
def card(gpus: GpuDays) -> Iterator[GpuRack]:
    """The lab with driver 580 on lab1. Whatever a test does there, the next run mends it."""
    yield gpus.deployed("lab1")
    gpus.recovered("lab1")


@pytest.fixture
def board(gpus: GpuDays) -> Iterator[GpuRack]:
    """The lab with driver 580 on lab2. Whatever a test does there, the next run mends it."""
    yield gpus.deployed("lab2")
    gpus.recovered("lab2")
