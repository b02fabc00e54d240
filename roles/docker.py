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
# published on loopback. Logs are bounded.
DAEMON: dict[str, Any] = {
    "features": {"cdi": True},
    "ip": "127.0.0.1",
    "log-driver": "local",
    "log-opts": {"max-size": "50m", "max-file": "5"},
}

OWNS = Owned(
    files=(
        "/etc/docker/daemon.json",
        "/etc/docker/certs.d/{registry}/ca.crt",
        "/etc/apt/keyrings/docker.asc",
        "/etc/apt/sources.list.d/docker.sources",
    ),
    units=("docker.service",),
    packages=("{docker}",),
)


ARCHIVE_KEY = "etc/apt/keyrings/docker.asc"
ARCHIVE_SOURCE = "etc/apt/sources.list.d/docker.sources"


def archive_files(system: System) -> tuple[File, ...]:
    """Return the files that make Docker's own archive known to apt, with its key beside it.

    The key travels with firstlight (its fingerprint stands in the catalogue and is tested):
    nothing is trusted because it was downloaded.
    """
    url = docker_archive().url
    source = render(ARCHIVE_SOURCE, url=url, system=system.id, codename=system.codename)
    return (
        File(f"/{ARCHIVE_KEY}", verbatim(ARCHIVE_KEY)),
        File(f"/{ARCHIVE_SOURCE}", source),
    )


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
    operations.daemon(
        name="Configure and run dockerd",
        config=operations.merged(DAEMON, wanted.daemon),
    )
