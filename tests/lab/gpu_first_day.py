"""The GPU layer's first run on a bare host, made once in a session and looked at by many tests."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from tests.lab.gpu_rack import DRIVER, GpuRack
from tests.lab.rack import Run


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
    pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(2))

    def begin(self, host: str) -> Future[FirstRun]:
        """Begin the first run on ``host`` if nobody has: beside whatever else goes on."""
        if host not in self.runs:
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
        return FirstRun(run, boots, self.lab.gpu_changes(host))

    def deployed(self, host: str) -> GpuRack:
        """The lab with the GPU layer on ``host``."""
        self.first(host)
        return self.lab

    def recovered(self, host: str) -> None:
        """Without its faults ``host`` comes back with the next run, and nothing is half-done."""
        self.lab.mend(host)
        run = self.lab.gpu(host)
        assert run.code == 0, run.text
        assert (self.lab.driver(host), self.lab.left(host)) == (DRIVER, [])
