"""One virtual machine for all tests here: bare, then hardened, then after a power cut."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from firstlight.lab.vm import able
from tests.lab import own_labs
from tests.lab.rack import Run
from tests.lab.vm import guest
from tests.lab.vm.guest import Guest
from tests.lab.vm.scripts import BEFORE, CUT

KEEP = bool(os.environ.get("KEEP_LAB"))


@dataclass(frozen=True)
class Hardened:
    """The machine after its first run, and what a look said before it."""

    guest: Guest
    before: Run
    deploy: Run


@pytest.fixture(scope="session")
def machine() -> Iterator[Guest]:
    """A virtual machine with Debian 13 and Debian's kernel; gone afterwards."""
    if (reason := able.refused()) is not None:
        if os.environ.get("CI") == "true":
            pytest.fail(f"CI=true, but no virtual machine can run here: {reason}")
        pytest.skip(reason)
    guest.up()
    yield Guest(own_labs.load(guest.NAME))
    if not KEEP:
        guest.down()


@pytest.fixture(scope="session")
def hardened(machine: Guest) -> Hardened:
    """The machine with the ground and all controls of the kernel."""
    before = machine.sh(BEFORE)
    deploy = machine.deploy()
    assert deploy.code == 0, deploy.text
    return Hardened(machine, before, deploy)


@pytest.fixture(scope="session")
def cut(hardened: Hardened) -> Guest:
    """The machine after its power was cut, in the middle of a change that would have shut it."""
    hardened.guest.sh(CUT)
    hardened.guest.power_cut()
    return hardened.guest
