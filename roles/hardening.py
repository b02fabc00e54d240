"""Hardening: what makes a break-in harder and lets it get less far, each control by its id.

Owns the files below, the modes that the catalogue's controls name, and the kernel parameters that
they set; how all of it was before stands in /var/lib/firstlight/hardening. Controls and their
off switches: docs/hardening.md.
"""

from __future__ import annotations

from pyinfra.api.deploy import deploy

from firstlight.catalogue import System
from firstlight.facts.hardening import BEFORE
from firstlight.hardening import sysctl
from firstlight.hardening import wanted as files
from firstlight.hardening.wanted import Wanted, is_applied
from firstlight.operations import hardening as operations
from firstlight.settings import HostSettings
from roles.owned import Owned

OWNS = Owned(
    files=(
        sysctl.KERNEL,
        sysctl.NETWORK,
        f"/{files.MODULES}",
        f"/{files.LIMITS}",
        f"/{files.COREDUMP}",
        f"/{files.JOURNAL}",
        f"/{files.APT_UPGRADES}",
        f"/{files.DNF_UPGRADES}",
        f"/{files.RECORDS}",
        BEFORE,
    ),
    units=("{upgrade timers}", "apparmor.service", "auditd.service"),
    packages=("{upgrades}", "apparmor", "{auditd}"),
)


def wanted(settings: HostSettings, system: System) -> Wanted:
    """Return the controls to be applied to a host, and how its packages are installed."""
    applied = tuple(each for each in settings.hardening.controls if is_applied(each))
    return Wanted(applied, system.manager, settings.hardening.journal)


@deploy("Hardening")
def hardening(settings: HostSettings, system: System) -> None:
    """Apply the controls that are on, and give back what those that are off had changed."""
    # configure
    controls = wanted(settings, system)
    operations.hardened(
        name=f"Harden the host by {len(controls.controls)} controls",
        wanted=controls,
        lock_timeout=settings.base.apt_lock_timeout,
        seconds=settings.firewall.confirm_seconds,
    )
