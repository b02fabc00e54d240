"""Which operating system a host runs, as far as firstlight supports it."""

from __future__ import annotations

from firstlight.catalogue.load import systems
from firstlight.catalogue.row import System
from firstlight.errors import FirstlightError


def supported_system(id: str, version: str, *, where: str = "") -> System:
    """The row of a system, by ID and VERSION_ID of its /etc/os-release.

    Raises :class:`FirstlightError` that lists the supported systems; ``where`` names the host.
    """
    # RHEL and those built from its sources say 9.6; what is said of 9 holds for all of it.
    versions = {"apt": version, "dnf": version.partition(".")[0]}
    for system in systems().values():
        if (system.id, system.version) == (id, versions[system.manager]):
            return system
    supported = ", ".join(f"{each.id} {each.version}" for each in systems().values())
    raise FirstlightError(
        "the operating system is not supported",
        where=where,
        why=f"/etc/os-release says {id or 'nothing'} {version}".rstrip(),
        fix=f"install one of: {supported}",
    )
