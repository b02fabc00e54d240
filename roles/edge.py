"""Edge: nginx on the host, the only way in from outside.

Owns /etc/nginx/firstlight, a drop-in for nginx.service, ports 80 and 443. TLS with a
certificate of the site's own CA, API keys known by their digest, an exact list of paths,
streams unbuffered, errors in OpenAI's shape.
"""

from __future__ import annotations

from collections.abc import Sequence

from pyinfra.api.deploy import deploy

from firstlight import site
from firstlight.catalogue import System
from firstlight.edge import gates
from firstlight.edge.pools import Public
from firstlight.edge.probe import answers
from firstlight.edge.release import BASE, CURRENT, SOCKET, Release
from firstlight.operations import edge as operations
from firstlight.operations import packages
from firstlight.operations.files import Directory, File, files
from firstlight.rendering import render
from firstlight.settings import HostSettings
from roles.owned import Owned

DROP_IN = "etc/systemd/system/nginx.service.d/firstlight.conf"

OWNS = Owned(
    files=(f"{BASE}/", f"/{DROP_IN}"),
    units=("nginx.service",),
    ports=("{edge.port}", "{edge.http_port}"),
    packages=("{nginx}",),
)


def drop_in() -> str:
    """Return what is firstlight's own in nginx's unit."""
    return render(DROP_IN, current=CURRENT, socket=SOCKET, gates=gates.SOCKETS)


@deploy("Edge")
def edge(
    settings: HostSettings, system: System, release: Release, publics: Sequence[Public]
) -> None:
    """Install nginx and have it serve ``release``; ``publics`` must be seen from outside."""

    def seen() -> None:
        names = [public.name for public in publics]
        answers(site.endpoint(settings), site.probe_key(settings), names)

    # install
    packages.installed(
        name="Install nginx",
        names=system.nginx_packages,
        lock_timeout=settings.base.apt_lock_timeout,
        manager=system.manager,
    )

    # configure
    files(
        name="Point nginx at firstlight's configuration",
        items=(
            Directory(BASE, "750"),
            File(f"/{DROP_IN}", drop_in()),
        ),
    )

    # activate
    operations.released(
        name="Serve the edge's release", release=release, probe=seen if publics else None
    )
