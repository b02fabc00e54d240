"""Guard: Presidio between the edge and the models that are guarded, on its own and without network.

Owns firstlight-guard.service with its container, what they read in /etc/firstlight/guard, and the
folders of two sockets: the guard's own, and the one where it finds the edge's pools.
"""

from __future__ import annotations

from pyinfra.api.deploy import deploy

from firstlight.engines.quoting import exec_line
from firstlight.guard.config import SOCKET
from firstlight.guard.proxy import HEALTH
from firstlight.guard.unit import (
    CONTAINER,
    FOLDER,
    SOCKET_FOLDER,
    UNIT,
    UPSTREAM_FOLDER,
    USER,
    GuardUnit,
)
from firstlight.operations import docker
from firstlight.operations import guard as operations
from firstlight.operations.files import Directory, File, files
from firstlight.rendering import render
from firstlight.settings import HostSettings
from roles.owned import Owned

NGINX_GROUP = "www-data"
# A spaCy model of 600 MB is read from a slow disk.
START_SECONDS = 120

OWNS = Owned(
    files=(f"{FOLDER}/", operations.INSTALLED, operations.TMPFILES, SOCKET_FOLDER, UPSTREAM_FOLDER),
    units=(UNIT,),
)


def unit_text(unit: GuardUnit) -> str:
    """Return the text of the guard's unit."""
    return render(
        f"etc/systemd/system/{UNIT}",
        tmpfiles=operations.TMPFILES,
        container=CONTAINER,
        run=exec_line(unit.run()),
        socket=SOCKET,
        health=HEALTH,
        start_seconds=START_SECONDS,
        stop_seconds=unit.stop_seconds,
    )


@deploy("Guard")
def guard(settings: HostSettings) -> None:
    """Have the guard answering where the host's edge has one; else remove what is left of it."""
    unit = GuardUnit.of(settings)
    if unit is None:
        operations.retired(name="Remove the guard")
        return

    # install
    docker.images(name="Pull the guard's image by digest", references=(unit.guard.image,))

    # configure
    folders = render(
        operations.TMPFILES.removeprefix("/"),
        user=USER,
        nginx_group=NGINX_GROUP,
        socket_folder=SOCKET_FOLDER,
        upstream_folder=UPSTREAM_FOLDER,
    )
    files(
        name="Write what the guard goes by",
        items=(
            Directory(FOLDER),
            File(operations.TMPFILES, folders),
            *[File(path, content) for path, content in unit.files.items()],
        ),
    )

    # activate
    operations.guarding(name="Have the guard answer", unit=unit, text=unit_text(unit))
