"""A monitor that is this machine, without a session to it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass

from firstlight.monitor import asking
from firstlight.monitor.query import Answers, Ask, program
from firstlight.monitor.seen_site import SeenHost
from tests.unit.status import site


@dataclass
class Here:
    """Asks as a session does, but for the way there: the program runs on this machine.

    Those of ``silent`` do not answer; ``asked`` says who was asked.
    """

    ports: dict[str, int]
    hosts: tuple[SeenHost, ...] = site.HOSTS
    inventory: str = "prod.py"
    silent: tuple[str, ...] = ()
    asked: tuple[str, ...] = ()

    def ask(self, monitor: str, asked: Mapping[str, Ask], seconds: int = 20) -> Answers:
        self.asked = (*self.asked, monitor)
        ports = {"prometheus": 1, "alertmanager": 1} if monitor in self.silent else self.ports
        done = subprocess.run(
            [sys.executable, "-I", "-"],
            input=program(asked, seconds, ports),
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        return asking.heard(monitor, f"Welcome!\n{done.stdout}", asked, self.inventory)
