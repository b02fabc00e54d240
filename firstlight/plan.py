"""From an inventory to what a deploy works with: the one place where host data is read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from pyinfra import host, inventory, state

from firstlight import adapter, layers, site
from firstlight.catalogue import System
from firstlight.edge import backend
from firstlight.edge.release import CURRENT
from firstlight.edge_plan import nginx_ports, nginx_release
from firstlight.engines.placement import placed
from firstlight.errors import FirstlightError
from firstlight.facts.backend import EdgeBeforeEngines
from firstlight.facts.probe import HostProbe, Probe
from firstlight.facts.ssh import SshState
from firstlight.gpu_plan import gpu_layer, gpu_return, gpu_state
from firstlight.image_plan import images_of, require_images
from firstlight.lock.pins import pins
from firstlight.models_fit import misfits, remarks, sizes
from firstlight.nvidia.decision import Decision
from firstlight.operation_times import listen_to_operations
from firstlight.phases import PhaseClock
from firstlight.planned import EdgePlan, GroundPlan, HostPlan, WatchPlan
from firstlight.preflight import (
    ground_obstacles,
    nginx_obstacles,
    obstacles,
    port_obstacles,
    site_obstacles,
    system_of,
)
from firstlight.secret_plan import require_secrets
from firstlight.settings import HostSettings, load_site
from firstlight.ssh_plan import ssh_state
from firstlight.watch_plan import gpu_class, marked_run, require_watch
from firstlight.weights import bundle
from firstlight.weights.store import STORE


@dataclass
class SitePlan:
    """All hosts of one run; made once, by whichever host's deploy code comes first."""

    settings: dict[str, HostSettings]
    clock: PhaseClock


_plans: WeakKeyDictionary[object, SitePlan] = WeakKeyDictionary()


def site_plan() -> SitePlan:
    """Return the run's site plan, validating every host of the inventory the first time."""
    run = adapter.current_run()
    if run not in _plans:
        lock = pins(adapter.inventory_file())
        settings = load_site(adapter.inventory_data(inventory), adapter.project_root(state), lock)
        layers.tell_hidden(inventory)
        clock = PhaseClock(started=adapter.process_started())
        listen_to_operations(state, clock.add)
        _plans[run] = SitePlan(settings, clock)
    return _plans[run]


@contextmanager
def refusing() -> Iterator[None]:
    """End the run before any change where something is found that would make it fail."""
    try:
        yield
    except FirstlightError as error:
        adapter.refuse(error)


def require(found: list[FirstlightError]) -> None:
    """Raise one error that says all of ``found``."""
    if found:
        raise FirstlightError("\n".join(str(error) for error in found))


def plan() -> HostPlan:
    """Return the current host's plan for the whole stack, or refuse the run."""
    with refusing():
        run = site_plan()
        settings = run.settings[host.name]
        images = images_of(settings, run.settings)
        probe: Probe = host.get_fact(HostProbe, store=STORE, images=tuple(images.values()))
        require(list(obstacles(settings, probe, nginx_ports(settings, run.settings))))
        require_secrets(settings, probe.systemd, "weights", "edge")
        system = system_of(settings, probe)
        ssh = ssh_state(settings, system)
        found = gpu_state(settings)
        gpu = gpu_layer(settings, system, probe, found)
        require(misfits(settings, found))
        for size in sizes(settings, found):
            adapter.say(f"{settings.name}: sizing: {size}")
        for remark in remarks(settings, found):
            adapter.say(f"{settings.name}: WARNING: {remark}")
        require_images(settings, images, probe)
        require_watch(settings, run.settings, system, probe)
        cards = settings.nvidia.count or (len(found.gpus_on_bus) if found else None)
        instances = placed(settings, run.settings, cards)
        made, public = nginx_release(settings, instances, run.settings, probe, system)
        # Where another proxy than ours stands before the engines, they must not ask it.
        secrets = site.backend_secrets(settings) if made and instances else ()
        first = bool(secrets) and host.get_fact(
            EdgeBeforeEngines, current=CURRENT, fragment=backend.NAME
        )
        program = bundle.archive(settings.state_dir / "cache") if settings.models else b""
    return HostPlan(
        settings,
        probe,
        system,
        gpu,
        run.settings,
        ssh,
        instances=instances,
        release=made,
        publics=public,
        gpu_class=gpu_class(settings, run.settings, found),
        run=marked_run(),
        secrets=secrets,
        edge_first=first,
        fetch_program=program,
        clock=run.clock,
    )


def edge_plan() -> EdgePlan:
    """Return the current host's plan for its nginx alone, or refuse the run."""
    with refusing():
        settings, probe, system = ground()
        require_secrets(settings, probe.systemd, "edge")
        sites = site_plan().settings
        ports = nginx_ports(settings, sites)
        require(
            [
                *nginx_obstacles(settings, system),
                *site_obstacles(settings, probe, ports),
                *port_obstacles(settings, probe, ports),
            ]
        )
        instances = placed(settings, sites, None)  # which GPUs they use is not nginx's business
        made, public = nginx_release(settings, instances, sites, probe, system)
        return EdgePlan(settings, probe, system, None, sites, SshState(), instances, made, public)


def watch_plan() -> WatchPlan:
    """Return the current host's plan for its observation alone, or refuse the run."""
    edge = edge_plan()
    with refusing():
        settings, sites, images = edge.settings, edge.sites, images_of(edge.settings, edge.sites)
        require_watch(settings, sites, edge.system, edge.probe)
        own = {where: image for where, image in images.items() if where.startswith("monitor.")}
        require_images(settings, own, edge.probe)
        cards = gpu_class(settings, sites, gpu_state(settings))
    return WatchPlan(**vars(edge), gpu_class=cards, run=marked_run())


def ground_plan() -> GroundPlan:
    """Return the current host's plan for what every host has, or refuse the run."""
    with refusing():
        settings, probe, system = ground()
        return grounded(settings, probe, system, None)


def gpu_plan() -> GroundPlan:
    """Return the current host's plan for its GPU layer alone, or refuse the run."""
    with refusing():
        settings, probe, system = ground()
        gpu = gpu_layer(settings, system, probe, gpu_state(settings))
        return grounded(settings, probe, system, gpu)


def gpu_return_plan() -> GroundPlan:
    """Return the plan back to what was last proven on the current host, or refuse the run."""
    with refusing():
        settings, probe, system = ground()
        return grounded(settings, probe, system, gpu_return(settings, system))


def grounded(
    settings: HostSettings, probe: Probe, system: System, gpu: Decision | None
) -> GroundPlan:
    """Return the plan of what every host has. Raises what would lock the operator out."""
    ssh = ssh_state(settings, system)
    return GroundPlan(settings, probe, system, gpu, site_plan().settings, ssh)


def ground() -> tuple[HostSettings, Probe, System]:
    """Return what a deploy of one layer stands on. Raises what is in its way."""
    settings = site_plan().settings[host.name]
    probe: Probe = host.get_fact(HostProbe, store=STORE)
    require(list(ground_obstacles(settings, probe)))
    return settings, probe, system_of(settings, probe)
