"""The SIMULATED GPUs of a lab host, moved by a test, and what its DCGM exporter shows of them."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass

from firstlight.monitor.gpu_exporter import CONTAINER, NETWORK, PORT
from tests.lab.rack import TestRack

PROGRAM = "/usr/lib/firstlight-lab/silicon.sh"
URL = f"http://{NETWORK.container}:{PORT}/metrics"
LINE = re.compile(r"^(\w+)\{(.*)\} (\S+)$")
SECONDS = 30.0
"""How long a change may take to be shown: an interval, and a slow machine."""
# Rights of the container's first process, its routes, and whether its root can be written.
RIGHTS = f"""
pid=$(docker inspect -f '{{{{.State.Pid}}}}' {CONTAINER})
awk '/^(Uid|CapEff|NoNewPrivs):/ {{print $1, $2}}' /proc/$pid/status
nsenter -t $pid -n ip -4 route show default | wc -l
nsenter -t $pid -m -- touch /x 2>&1 | grep -c Read-only
docker port {CONTAINER} | wc -l
"""


@dataclass(frozen=True)
class Silicon:
    """The GPUs of one host."""

    rack: TestRack
    host: str

    def live(self, gpus: str | int, **values: object) -> None:
        """Let GPUs ("all", or one by its number) measure something else."""
        words = " ".join(f"{key}={value}" for key, value in values.items())
        self.rack.sh(self.host, f"{PROGRAM} live {gpus} {words}")

    def xid(self, gpu: int, number: int) -> None:
        """Have the kernel's log and DCGM tell of an XID."""
        self.rack.sh(self.host, f"{PROGRAM} xid {gpu} {number}")

    def fall(self, gpu: int, *, pulled: bool = False) -> None:
        """Let a GPU fall off the bus; ``pulled``: it is not seen there any more, either."""
        self.rack.sh(self.host, f"{PROGRAM} {'pull' if pulled else 'fall'} {gpu}")

    def calm(self) -> None:
        """Have every GPU as after a boot."""
        self.rack.sh(self.host, f"{PROGRAM} calm")

    def series(self) -> list[tuple[str, dict[str, str], float]]:
        """Name, labels and value of each series of the exporter's page."""
        text = self.rack.sh(self.host, f"curl -sS --fail --max-time 5 {URL}").out
        found = [LINE.match(line) for line in text.splitlines() if line[:1] != "#"]
        return [
            (match[1], dict(re.findall(r'(\w+)="([^"]*)"', match[2])), float(match[3]))
            for match in found
            if match
        ]

    def of(self, name: str, **labels: str) -> list[float]:
        """Values of the series with this name and these labels."""
        return [
            value
            for called, has, value in self.series()
            if called == name and labels.items() <= has.items()
        ]

    def shown(self, done: Callable[[], bool]) -> None:
        """Wait until ``done``: a change is shown by the next measurement."""
        deadline = time.monotonic() + SECONDS
        while not done():
            assert time.monotonic() < deadline, self.series()
            time.sleep(0.5)

    def fenced(self, *, profiling: bool) -> None:
        """See that the exporter's container has no right that it does not need, and no way out."""
        user, rights = ("0", "0000000000200000") if profiling else ("60804", "0" * 16)
        said = self.rack.sh(self.host, RIGHTS).out.split()
        wanted = ["Uid:", user, "CapEff:", rights, "NoNewPrivs:", "1", "0", "1", "0"]
        assert said == wanted
