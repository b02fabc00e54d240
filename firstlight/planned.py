"""What a deploy works with: one host's settings, what was read of it, and what is to be there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from firstlight.catalogue import System
from firstlight.catalogue.counters import GpuClass
from firstlight.edge.fresh import FreshRelease
from firstlight.edge.pools import Public
from firstlight.engines.instance import Instance
from firstlight.facts.probe import Probe
from firstlight.facts.ssh import SshState
from firstlight.last_run import LastRun
from firstlight.nvidia.decision import Decision
from firstlight.phases import PhaseClock
from firstlight.secret import Secret
from firstlight.settings import HostSettings


@dataclass(frozen=True)
class GroundPlan:
    """One host: its settings, what was read of it, its GPU layer if it has one.

    ``sites`` are the settings of all hosts of the inventory.
    """

    settings: HostSettings
    probe: Probe
    system: System
    gpu: Decision | None
    sites: Mapping[str, HostSettings]
    ssh: SshState


@dataclass(frozen=True)
class EdgePlan(GroundPlan):
    """What nginx serves here, and the models behind its public door."""

    instances: tuple[Instance, ...]
    release: FreshRelease | None
    publics: tuple[Public, ...]


@dataclass(frozen=True)
class WatchPlan(EdgePlan):
    """What observation needs beside that.

    ``gpu_class`` is that of the cards on the host's bus, None where they are not measured; ``run``
    is what this run is called in the mark that it leaves.
    """

    gpu_class: GpuClass | None
    run: LastRun


@dataclass(frozen=True)
class HostPlan(WatchPlan):
    """What the whole stack needs beside that.

    ``secrets`` are what the host's engines ask for; with ``edge_first`` nginx has to show one
    before they do.
    """

    secrets: tuple[Secret, ...]
    edge_first: bool
    fetch_program: bytes
    clock: PhaseClock
