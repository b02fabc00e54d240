"""Docker: the container engine, with the daemon configured beside what others configured.

Owns the keys below in /etc/docker/daemon.json (the rest of that file is left as it is) and the
CA certificates of private registries.
"""

from __future__ import annotations

from typing import Any

from pyinfra.api.deploy import deploy

from firstlight.catalogue import System, docker_archive
from firstlight.operations import docker as operations
from firstlight.operations import packages
from firstlight.operations.files import File, files
from firstlight.rendering import render, verbatim
from firstlight.settings import HostSettings
from roles.owned import Owned

# GPUs reach containers through CDI: those injected by the legacy hook vanish from running
# containers at the next systemctl daemon-reload. A port published without an address is
# published on loopback. Logs are bounded. Containers of the default bridge do not reach each other,
# and no program in any container gets more rights than it was started with. What is not set here
# (userland-proxy, live-restore, user namespaces) is explained in docs/isolation.md.
DAEMON: dict[str, Any] = {
    "features": {"cdi": True},
    "icc": False,
    "ip": "127.0.0.1",
    "no-new-privileges": True,
    "log-driver": "local",
    "log-opts": {"max-size": "50m", "max-file": "5"},
}

# For programs that ask for it by name; the default stays runc, because with this one every image
# that asks for all GPUs would get them.
NVIDIA_RUNTIME: dict[str, Any] = {"runtimes": {"nvidia": {"path": "nvidia-container-runtime"}}}

OWNS = Owned(
    files=(
        "/etc/docker/daemon.json",
        "/etc/docker/certs.d/{registry}/ca.crt",
        "/etc/apt/keyrings/docker.asc",
        "/etc/apt/sources.list.d/docker.sources",
        "/etc/pki/rpm-gpg/RPM-GPG-KEY-docker",
        "/etc/yum.repos.d/docker.repo",
    ),
    units=("docker.service",),
    packages=("{docker}",),
)


ARCHIVE_KEY = {"apt": "etc/apt/keyrings/docker.asc", "dnf": "etc/pki/rpm-gpg/RPM-GPG-KEY-docker"}
ARCHIVE_SOURCE = {
    "apt": "etc/apt/sources.list.d/docker.sources",
    "dnf": "etc/yum.repos.d/docker.repo",
}


def archive_files(system: System) -> tuple[File, ...]:
    """Return the files that make Docker's own archive known to apt or dnf, with its key.

    The key travels with firstlight (its fingerprint stands in the catalogue and is tested):
    nothing is trusted because it was downloaded.
    """
    key, path = ARCHIVE_KEY[system.manager], ARCHIVE_SOURCE[system.manager]
    source = render(
        path,
        url=docker_archive(system.manager).url,
        key=f"/{key}",
        system=system.id,
        version=system.version,
        codename=system.codename,
    )
    return (File(f"/{key}", verbatim(key)), File(f"/{path}", source))


@deploy("Docker")
def docker(settings: HostSettings, system: System) -> None:
    """Install Docker, configure its daemon, have it running."""
    wanted = settings.docker

    # install
    if wanted.source == "docker":
        files(name="Know Docker's archive", items=archive_files(system))
    own = wanted.source == "distribution"
    packages.installed(
        name=f"Install Docker from {'the distribution' if own else 'its own archive'}",
        names=system.docker_packages if own else system.upstream_packages,
        lock_timeout=settings.base.apt_lock_timeout,
        manager=system.manager,
    )

    # configure
    authorities = [
        File(f"/etc/docker/certs.d/{host}/ca.crt", registry.ca.read_text())
        for host, registry in sorted(wanted.registries.items())
        if registry.ca is not None
    ]
    if authorities:
        files(name="Trust private registries", items=authorities)

    # activate
    base = operations.merged(DAEMON, NVIDIA_RUNTIME) if settings.nvidia.enabled else DAEMON
    operations.daemon(
        name="Configure and run dockerd",
        config=operations.merged(base, wanted.daemon),
    )
