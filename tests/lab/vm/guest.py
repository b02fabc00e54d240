"""The tests' virtual machine as an object: deployed to, looked into, cut off."""

from __future__ import annotations

import subprocess
import time
from dataclasses import dataclass

from firstlight.facts.hardening import HardeningState
from firstlight.hardening.found import Found
from firstlight.hardening.wanted import Wanted, is_applied
from firstlight.lab import ssh
from firstlight.lab.state import Rack
from firstlight.operations.hardening import asked
from firstlight.settings.hardening import Hardening
from tests.lab.rack import BIN, LAB, Run, command, firstlight

NAME = f"{LAB}-vm"
HOST = "lab1"
DEPLOY = "deploys/firewall.py"
WANTED = Wanted(tuple(each for each in Hardening().controls if is_applied(each)), "apt")
# Emulated, and beside other tests: a boot takes a minute.
UP_SECONDS = 540
RUN_SECONDS = 540


@dataclass(frozen=True)
class Guest:
    """The only host of its lab."""

    rack: Rack

    def sh(self, script: str, check: bool = True, timeout: float = 120) -> Run:
        """Run a script as root, over SSH."""
        words = ssh.command_line(self.rack, HOST, ["sudo", "sh", "-s"])
        began = time.monotonic()
        done = subprocess.run(
            words, input=script, capture_output=True, text=True, timeout=timeout, check=False
        )
        run = Run(done.returncode, done.stdout, done.stderr, time.monotonic() - began)
        assert not check or run.code == 0, f"{script}\n{run.text}"
        return run

    def deploy(self, *flags: str) -> Run:
        """Run pyinfra as an operator does."""
        # An emulated machine is slow to let a new connection in: its changes wait longer for one.
        patient = ("--data", 'firewall={"confirm_seconds": 300}')
        words = (str(BIN / "pyinfra"), "-y", *patient, *flags, "inventories/lab.py", DEPLOY)
        return command(*words, timeout=RUN_SECONDS, FIRSTLIGHT_LAB=NAME)

    def found(self) -> Found:
        """What it says of itself, by the one command that a run spends on it."""
        fact = HardeningState()
        said = self.sh(fact.command(**asked(WANTED)).get_raw_value())
        return fact.process(said.out.splitlines())

    def power_cut(self) -> None:
        """Cut its power, and switch it on again."""
        firstlight("lab", "kill", "--name", NAME, HOST)
        up()


def up() -> Run:
    return firstlight(
        *("lab", "up", "--no-services", "--kind", "vm", "--name", NAME), timeout=UP_SECONDS
    )


def down() -> Run:
    return firstlight("lab", "down", "--purge", "--name", NAME, timeout=UP_SECONDS)
