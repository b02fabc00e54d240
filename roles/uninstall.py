"""Uninstall: the way back to a host as it was before firstlight, by its manifest.

Owns the manifest in /var/lib/firstlight/manifest. What serves ends first, the edge before the
engines; the firewall goes last but for the manifest itself, and SSH only over a new connection.
"""

from __future__ import annotations

import re

from pyinfra.api.deploy import deploy

from firstlight.catalogue import System
from firstlight.catalogue.ssh import ssh_row
from firstlight.hardening.wanted import Wanted
from firstlight.manifest import FOLDER
from firstlight.monitor.grafana import FOLDER as GRAFANA
from firstlight.operations import (
    alertmanager,
    docker_removal,
    edge,
    engines,
    exporters,
    firewall,
    gpu_exporter,
    grafana,
    guard,
    hardening,
    jwks,
    logs,
    people,
    prometheus,
    ssh,
)
from firstlight.operations import certificates as certificate
from firstlight.operations import (
    uninstall as operations,
)
from firstlight.operations.docker import merged
from firstlight.operations.uninstall import Traces
from firstlight.settings import HostSettings
from firstlight.weights.store import STORE
from roles import certificates as certificates_role
from roles import docker as docker_role
from roles import jwks as jwks_role
from roles import logs as logs_role
from roles.models import ACCOUNT
from roles.owned import Owned, everything
from roles.people import CONTAINER

OWNS = Owned(files=(f"{FOLDER}/",))

# What daemons make for themselves, and their packages leave behind.
DATA = (
    "/var/lib/docker", "/var/lib/containerd", "/etc/docker", "/etc/containerd", "/opt/containerd",
    "/etc/cni", "/var/log/nginx", "/var/log/unattended-upgrades", "/var/lib/prometheus",
)  # fmt: skip


def traces(system: System) -> Traces:
    """Return where traces of any role can be on a host of ``system``."""
    owned = [path for role in everything().values() for path in role.files]
    units = [unit for role in everything().values() for unit in role.units]
    others = [unit for unit in units if not unit.startswith(("firstlight", "{"))]
    return Traces(
        owned=tuple(dict.fromkeys(re.sub(r"\{[^}]*\}", "*", path) for path in owned)),
        units=tuple(dict.fromkeys((*others, system.clock_unit))),
        store=STORE,
        manager=system.manager,
    )


def unwatched() -> None:
    """End what observes: the monitor's part first, so that nobody is told of what is taken away.

    The packages' own units would listen to everybody without what firstlight says to them.
    """
    alertmanager.retired(name="Tell no alerts")
    prometheus.retired(name="Watch no hosts from here")
    grafana.retired(name="Have no Grafana", folder=GRAFANA)
    own = (*logs_role.OF_SENDER, *logs_role.OF_EDGE, *logs_role.OF_TAKER)
    paths = (logs_role.FOLDER, logs_role.SOCKETS, *own)
    logs.retired(name="Send and take no journals", paths=paths)
    gpu_exporter.retired(name="Remove the GPU exporter")
    exporters.retired(name="Measure nothing any more")


def ended(settings: HostSettings) -> None:
    """End what serves: the edge first, so that nobody is sent to what is about to end."""
    looked_after = certificates_role.OWNS
    units = (f"{certificates_role.files.UNITS}/{unit}" for unit in looked_after.units)
    edge.ended(name="Serve nothing any more")
    engines.retired(name="Drain and remove the engines", keep=())
    guard.retired(name="Remove the guard")
    people.retired(name="Ask no people to sign in", container=CONTAINER)
    jwks.retired(name="Fetch no keys", file=jwks_role.KEYS)
    certificate.ended(name="Look after no certificate", paths=(*looked_after.files, *units))


@deploy("Uninstall")
def uninstall(settings: HostSettings, system: System) -> None:
    """Remove what firstlight brought; packages and weights only where the settings say so."""
    found, wanted = traces(system), settings.uninstall
    laid = merged(merged(docker_role.DAEMON, docker_role.NVIDIA_RUNTIME), settings.docker.daemon)
    seconds = settings.firewall.confirm_seconds
    unwatched()
    ended(settings)
    operations.containers_gone(name="Empty Docker of what is firstlight's", traces=found)
    operations.put_back(name="Remove firstlight's units", traces=found, part="units")
    operations.holds_lifted(name="Lift the holds of packages", traces=found)
    hardening.hardened(name="Give back what hardening changed", wanted=Wanted((), system.manager))
    docker_removal.daemon_back(name="Take our keys out of daemon.json", laid=laid)
    operations.put_back(name="Put other files back", traces=found, part="files")
    operations.switched(name="Have services as they were", traces=found)
    if wanted.weights:
        operations.put_back(name="Remove the weights", traces=found, part="weights")
    kept = () if wanted.weights else (ACCOUNT,)
    operations.accounts_gone(name="Remove accounts", traces=found, keep=kept)
    unit = ssh_row(system).unit
    ssh.retired(name="Leave SSH as it was", unit=unit, seconds=seconds)
    operations.put_back(name="Put files of SSH back", traces=found, part="ssh")
    firewall.ended(name="Take the firewall away")
    operations.put_back(name="Remove what kept the firewall", traces=found, part="firewall")
    if wanted.packages:
        limit = settings.base.apt_lock_timeout
        operations.purged(name="Purge packages", traces=found, data=DATA, lock_timeout=limit)
    operations.put_back(name="Put back the rest", traces=found, part="files")
    operations.forgotten(name="Say what is left, and forget", traces=found)
