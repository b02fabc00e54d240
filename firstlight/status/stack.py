"""A stack as it is seen at one moment. Shares are from 0 to 1, sizes in bytes, times Unix times.

None is what nobody knows: an engine that does not measure it, a host that does not answer.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from firstlight.errors import FirstlightError

Number = float | None
Severity = Literal["critical", "warning", "info"]
HostState = Literal["up", "down", "stale", "no data"]
ReplicaState = Literal["serving", "drained", "down", "no data"]


@dataclass(frozen=True)
class Deploy:
    """The last run of firstlight on a host. ``operation`` is the one that failed."""

    time: Number = None
    success: bool | None = None
    running: bool = False
    version: str = ""
    lock: str = ""
    operation: str = ""


@dataclass(frozen=True)
class Host:
    """One host. ``age`` are the seconds since it was last asked, ``silent`` its jobs that do not answer."""

    name: str
    state: HostState
    age: Number = None
    silent: tuple[str, ...] = ()
    cpu: Number = None
    memory: Number = None
    disk: Number = None
    power: Number = None
    driver: str = ""
    driver_mismatch: bool = False
    reboot_required: bool = False
    gpus_expected: Number = None
    gpus_usable: Number = None
    certificate_days: Number = None
    facts_age: Number = None
    deploy: Deploy = field(default_factory=Deploy)


@dataclass(frozen=True)
class Gpu:
    """One GPU of a host."""

    host: str
    gpu: str
    name: str
    uuid: str
    utilization: Number = None
    memory_used: Number = None
    memory_total: Number = None
    temperature: Number = None
    power: Number = None
    throttled: Number = None


@dataclass(frozen=True)
class Replica:
    """One engine that serves a model."""

    host: str
    model: str
    replica: str
    engine: str
    image: str
    state: ReplicaState
    running: Number = None
    waiting: Number = None
    kv_cache: Number = None
    tokens_per_second: Number = None
    ttft_p95: Number = None


@dataclass(frozen=True)
class Model:
    """A public name over all its replicas, as ``monitor`` sees them; ``public`` by the public URL."""

    model: str
    monitor: str
    serving: int
    replicas: int
    public: bool | None = None
    running: Number = None
    waiting: Number = None
    kv_cache: Number = None
    tokens_per_second: Number = None
    requests_per_second: Number = None
    limited_per_second: Number = None
    ttft_p95: Number = None
    ttft_by: str = ""
    errors: Number = None
    cost_per_million: Number = None


@dataclass(frozen=True)
class Alert:
    """An alert that fires. ``silenced`` says by whom and until when, empty where it is not."""

    severity: str
    name: str
    host: str
    since: Number
    summary: str
    action: str
    runbook: str
    silenced: str
    labels: tuple[tuple[str, str], ...]

    @property
    def is_critical(self) -> bool:
        """Whether somebody has to come now, and nobody said that it is known."""
        return self.severity == "critical" and not self.silenced


@dataclass(frozen=True)
class Silence:
    """A silence in force: ``matchers`` as text."""

    matchers: str
    by: str
    comment: str
    until: Number


@dataclass(frozen=True)
class Monitor:
    """A monitor that answered. ``clock`` is its time, ``interval`` seconds between two measurements."""

    name: str
    version: str
    clock: float
    interval: float
    tokens_per_second: Number = None
    power: Number = None
    cost_per_hour: Number = None
    cost_per_million: Number = None


@dataclass(frozen=True)
class Stack:
    """Everything of one look. ``problems`` are what could not be looked at, ``notices`` to be known."""

    site: str
    currency: str
    time: float
    monitors: tuple[Monitor, ...] = ()
    hosts: tuple[Host, ...] = ()
    gpus: tuple[Gpu, ...] = ()
    models: tuple[Model, ...] = ()
    replicas: tuple[Replica, ...] = ()
    alerts: tuple[Alert, ...] = ()
    silences: tuple[Silence, ...] = ()
    notices: tuple[str, ...] = ()
    problems: tuple[FirstlightError, ...] = ()

    @property
    def exit_code(self) -> int:
        """0 fine; 1 not everything could be looked at; 3 an alert fires that is critical."""
        if any(each.is_critical for each in self.alerts):
            return 3
        return 1 if self.problems else 0


def least(values: Iterable[Number]) -> Number:
    """Return the smallest of the values that are known."""
    return min((each for each in values if each is not None), default=None)
