"""What observation needs to know before anything is changed."""

from __future__ import annotations

from pyinfra import host, state

import firstlight
from firstlight import adapter, run_marks
from firstlight.catalogue import System
from firstlight.catalogue.counters import GpuClass
from firstlight.errors import FirstlightError
from firstlight.facts.probe import Probe
from firstlight.facts.prometheus import MetricNames, RuleProblems
from firstlight.last_run import LastRun, lock_of
from firstlight.lock.file import NAME
from firstlight.monitor import alertmanager, own_names
from firstlight.monitor.dcgm import class_of, declared_class
from firstlight.monitor.obstacles import monitor_obstacles, space_remark, watched_obstacles
from firstlight.monitor.own_rules import host_rule_obstacles, unjudged
from firstlight.nvidia.state import NvidiaState
from firstlight.secret_plan import require_secrets
from firstlight.settings import HostSettings
from firstlight.settings.fronts import Site
from firstlight.settings.watched import is_monitor, measures_gpus


def require_watch(settings: HostSettings, sites: Site, system: System, probe: Probe) -> None:
    """Raise all that keeps the host from being watched, or from the monitor that it shall be."""
    found = list(watched_obstacles(settings, sites, system, probe.listeners))
    monitor = is_monitor(settings, sites)
    if monitor:
        require_secrets(settings, probe.systemd, "monitor")
        found += monitor_obstacles(settings, sites, system, probe.listeners, probe.observing)
        found += alertmanager.obstacles(settings)
        if rules := unjudged(settings):
            said: dict[str, str] = host.get_fact(RuleProblems, rules=rules) or {}
            found += host_rule_obstacles(settings, said)
    if found:
        raise FirstlightError("\n".join(str(error) for error in found))
    if monitor:
        tell_space(settings, probe)
        tell_unknown(settings, sites)


def tell_space(settings: HostSettings, probe: Probe) -> None:
    """Say that the disk fills before Prometheus drops anything, where it does."""
    if remark := space_remark(settings, probe.free_for_samples):
        adapter.say(f"{settings.name}: WARNING: {remark}")


def tell_unknown(settings: HostSettings, sites: Site) -> None:
    """Say which metrics the user's own rules name and nothing exposes."""
    if asked := own_names.asked(settings, sites):
        names = ("up", *sorted({each.metric for each in asked}))
        seen: frozenset[str] = host.get_fact(MetricNames, names=names) or frozenset()
        for remark in own_names.remarks(settings, sites, asked, seen):
            adapter.say(f"{settings.name}: WARNING: {remark}")


def gpu_class(settings: HostSettings, sites: Site, found: NvidiaState | None) -> GpuClass | None:
    """Return the class of the cards on the host's bus; None where they are not measured.

    Monitors know other hosts by their settings alone: where those say something else, say so.
    """
    if found is None or not measures_gpus(settings, sites):
        return None
    here = class_of(found.gpus_on_bus)
    if here == "datacenter" != declared_class(settings):
        adapter.say(
            f"{settings.name}: WARNING: monitors take its GPUs for GeForce cards, and show no "
            "ECC, NVLink and tensor activity: say which they are in nvidia.card"
        )
    return here


def marked_run() -> LastRun:
    """Return what this run is called; from now on its hosts are marked by it."""
    inventory = adapter.inventory_file()
    lock = lock_of(inventory.parent / NAME if inventory else None)
    return run_marks.marked(state, firstlight.__version__, lock)
