"""What can be known to fail before anything is changed: pure functions over what was read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress

from firstlight.access import access_obstacles
from firstlight.catalogue import System, supported_system
from firstlight.errors import FirstlightError
from firstlight.facts.probe import Probe
from firstlight.settings import HostSettings
from firstlight.weights import store
from firstlight.weights.wants import Want, every

ARCHITECTURES = ("x86_64", "aarch64")
# What the host needs beside the weights: packages, images' layers come to /var/lib/docker.
SPARE_BYTES = 2 * 10**9
Ports = Sequence[tuple[str, int]]
OURS = {"edge": {"nginx"}, "engine": set[str]()}


def system_of(settings: HostSettings, probe: Probe) -> System:
    """Return the catalogue's row of the host's operating system, or raise what is supported."""
    return supported_system(probe.os_id, probe.os_version, where=settings.name)


def obstacles(settings: HostSettings, probe: Probe, ports: Ports = ()) -> Iterator[FirstlightError]:
    """Yield every reason why a run of the whole stack would fail here, each with its fix.

    ``ports`` are those that nginx serves for other hosts and for people, each with its reason.
    """
    yield from ground_obstacles(settings, probe)
    with suppress(FirstlightError):  # a system that is not supported has been named already
        yield from nginx_obstacles(settings, system_of(settings, probe))
    yield from site_obstacles(settings, probe, ports)
    yield from port_obstacles(settings, probe, ports)
    yield from space_obstacles(settings, probe)
    yield from gpu_obstacles(settings, probe)


def ground_obstacles(settings: HostSettings, probe: Probe) -> Iterator[FirstlightError]:
    """Yield what every run needs and this host has not: root, a system, a container engine."""
    name = settings.name
    if probe.uid != 0:
        yield FirstlightError(
            "commands do not run as root",
            where=name,
            why=f"they run as uid {probe.uid}",
            fix='connect as root, or set "_sudo": True in the host\'s data',
        )
    if probe.arch not in ARCHITECTURES:
        yield FirstlightError(
            f"the architecture {probe.arch} is not supported",
            where=name,
            fix=f"use a host of {' or '.join(ARCHITECTURES)}",
        )
    try:
        system = system_of(settings, probe)
    except FirstlightError as error:
        yield error
    else:
        yield from docker_obstacles(settings, system)
    yield from access_obstacles(settings, probe)


def docker_obstacles(settings: HostSettings, system: System) -> Iterator[FirstlightError]:
    """Yield why the distribution's Docker cannot be used, where it cannot."""
    used = settings.has_containers or settings.nvidia.enabled
    if used and settings.docker.source == "distribution" and system.docker_refused:
        name = f"{system.id} {system.version}"
        own = f"Docker {system.docker_version} of {name} is too old"
        yield FirstlightError(
            own if system.docker_version else f"{name} has no Docker of its own",
            where=f"{settings.name}: docker.source",
            why=system.docker_refused,
            fix='set docker to {"source": "docker"} for packages of Docker\'s own repository',
        )


def nginx_obstacles(settings: HostSettings, system: System) -> Iterator[FirstlightError]:
    """Yield why the distribution's nginx cannot be the edge, where it cannot."""
    if settings.edge.enabled and system.nginx_refused:
        yield FirstlightError(
            f"nginx {system.nginx_version} of {system.id} {system.version} cannot be the edge",
            where=f"{settings.name}: edge",
            why=system.nginx_refused,
            fix='use a system that has it, or set edge to {"enabled": False}',
        )


def site_obstacles(
    settings: HostSettings, probe: Probe, ports: Ports = ()
) -> Iterator[FirstlightError]:
    """Yield that an nginx already serves something else: it would be switched off."""
    if (settings.edge.enabled or ports) and probe.foreign_sites:
        yield FirstlightError(
            "nginx already serves other sites here",
            where=f"{settings.name}: /etc/nginx",
            why=f"found {', '.join(sorted(probe.foreign_sites))}",
            fix="move those sites to another host, or remove their files",
        )


def port_obstacles(
    settings: HostSettings, probe: Probe, ports: Ports = ()
) -> Iterator[FirstlightError]:
    """Yield the ports that another program holds, and which program it is."""
    wanted = []
    if settings.edge.enabled:
        wanted += [("edge.port", settings.edge.port, "edge")]
        wanted += [("edge.http_port", settings.edge.http_port, "edge")]
    wanted += [
        (f"models[{place}].port", model.port + copy, "engine")
        for place, model in enumerate(settings.models)
        for copy in range(model.replicas)
        # An engine has an address of its own, but for one that joins other hosts; what holds the
        # port of one that runs already is itself.
        if model.nodes > 1 and f"firstlight-engine-{model.name}.service" not in probe.engines
    ]
    wanted += [(reason, port, "edge") for reason, port in ports]
    for key, port, user in wanted:
        for holder in sorted(probe.listeners.get(port, frozenset()) - OURS[user]):
            yield FirstlightError(
                f"port {port} is taken by {holder}",
                where=f"{settings.name}: {key}",
                why=f"ss -tlnp shows {holder} listening on it",
                fix=f"stop {holder} (systemctl disable --now …) or choose another port",
            )


def missing_weights(settings: HostSettings, probe: Probe) -> list[Want]:
    """Return the weights that are not complete on the host yet, one per folder."""
    # Where two share a folder, the one whose size is known speaks for it: it comes last.
    by_size = sorted(every(settings.models), key=lambda want: want.bytes is not None)
    folders = {want.folder: want for want in by_size}
    return [want for path, want in folders.items() if path.rsplit("/", 1)[1] not in probe.stored]


def space_obstacles(settings: HostSettings, probe: Probe) -> Iterator[FirstlightError]:
    """Yield that the disk is too small for the weights that are not there yet."""
    missing = missing_weights(settings, probe)
    known = sum(int(want.bytes) for want in missing if want.bytes)
    if known and known + SPARE_BYTES > probe.free:
        names = ", ".join(want.name for want in missing)
        yield FirstlightError(
            f"the disk is too small for the weights of {names}",
            where=f"{settings.name}: {store.STORE}",
            why=f"{(known + SPARE_BYTES) / 1e9:.1f} GB needed, {probe.free / 1e9:.1f} GB free",
            fix=f"mount a larger disk at {store.STORE}, or serve a smaller model",
        )


def gpu_obstacles(settings: HostSettings, probe: Probe) -> Iterator[FirstlightError]:
    """Yield that GPUs are asked for on a host whose containers cannot be given any."""
    if settings.nvidia.enabled:
        return
    users = [model.name for model in settings.models if model.gpus]
    if users and not probe.cdi_specs:
        yield FirstlightError(
            f"GPUs are asked for by {', '.join(users)}, but containers cannot be given any",
            where=settings.name,
            why="no CDI specification in /etc/cdi or /var/run/cdi",
            fix="leave nvidia.enabled out, so that firstlight installs driver and toolkit; "
            "or set gpus to 0",
        )
