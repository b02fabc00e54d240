"""The GPU layer's first run on a bare host, made once in a session and looked at by many tests."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from tests.lab.gpu_rack import DRIVER, NAME, GpuRack
from tests.lab.rack import Run, firstlight

# All that the layer's runs go by on a host: where it is as it was, a run finds nothing to do.
STANDS = r"""
cat /sys/module/nvidia/version; uname -r; ls /lib/modules
dpkg-query -W -f '${db:Status-Abbrev} ${Package} ${Version}\n'; apt-mark showhold
find /etc /run/cdi /usr/local/lib/firstlight /var/lib/firstlight /var/lib/apt/lists -xdev \
  -printf '%y %m %u:%g %p -> %l\n' | sort
find /etc /run/cdi /usr/local/lib/firstlight /var/lib/firstlight -xdev -type f -print0 |
  sort -z | xargs -0 sha256sum
lsmod | grep -c nouveau
nvidia-smi -L
nvidia-smi --query-gpu=power.limit,mig.mode.current,persistence_mode --format=csv,noheader
nvidia-ctk cdi list 2>/dev/null
systemctl list-unit-files --plain --no-legend | awk '{print $1, $2}'
systemctl list-units --plain --no-legend --type=service,socket,timer --state=active,failed |
  awk '/docker|containerd|firstlight|nvidia|ssh\.|apt/ {print $1, $3}'
docker ps -aq; docker image ls -q; nft list tables
true
"""


@dataclass(frozen=True)
class FirstRun:
    """The run on one host, the boots before and after it, and what a run right after it changed."""

    run: Run
    boots: tuple[str, str]
    again: tuple[int, int]


@dataclass(frozen=True)
class GpuDays:
    """A lab whose hosts are bare until a test asks for one that is deployed to."""

    lab: GpuRack
    runs: dict[str, Future[FirstRun]] = field(default_factory=dict)
    stood: dict[str, str] = field(default_factory=dict)
    pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(2))

    def begin(self, host: str) -> Future[FirstRun]:
        """Begin the first run on ``host`` if nobody has: beside whatever else goes on.

        One that failed is told to who asked for it; who asks next has it begun anew.
        """
        begun = self.runs.get(host)
        if begun is not None and begun.done() and begun.exception() is not None:
            firstlight("lab", "reset", host, "--name", NAME)
            begun = None
        if begun is None:
            self.runs[host] = self.pool.submit(self._live, host)
        return self.runs[host]

    def first(self, host: str) -> FirstRun:
        """The first run on ``host``, made now if there was none yet."""
        return self.begin(host).result()

    def _live(self, host: str) -> FirstRun:
        before = self.lab.boot_id(host)
        run = self.lab.gpu(host)
        assert run.code == 0, run.text
        boots = (before, self.lab.boot_id(host))
        again = self.lab.gpu_changes(host)
        if again == (0, 0):
            self.stood[host] = self.stands(host)
        return FirstRun(run, boots, again)

    def stands(self, host: str) -> str:
        """What runs of the layer go by on ``host``, as text that two moments can compare."""
        return self.lab.sh(host, STANDS, check=False).out

    def deployed(self, host: str) -> GpuRack:
        """The lab with the GPU layer on ``host``."""
        self.first(host)
        return self.lab

    def recovered(self, host: str) -> None:
        """Without its faults ``host`` comes back with the next run, and nothing is half-done.

        That run is made where anything is otherwise than a run that was looked at has left it.
        """
        self.lab.mend(host)
        if self.stands(host) != self.stood.get(host):
            run = self.lab.gpu(host)
            assert run.code == 0, run.text
            self.stood[host] = self.stands(host)
        assert (self.lab.driver(host), self.lab.left(host)) == (DRIVER, [])
