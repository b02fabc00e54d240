"""Certificates: what the edge shows, looked after by the host itself.

Owns /etc/firstlight/tls, a program with two timers, and below /var/lib/firstlight the certificates
that the host got. It comes before the edge: nginx reads the certificate when it reads its
configuration. With the site's own CA the host has an authority for its own names and renews by
itself; with ACME lego does; in every mode it is measured until when the edge's certificate lasts.
"""

from __future__ import annotations

from pathlib import PurePosixPath

from pyinfra.api.deploy import deploy

from firstlight import site
from firstlight.catalogue import System
from firstlight.edge import certificates as files
from firstlight.edge import tls
from firstlight.operations import certificates as operations
from firstlight.operations import credentials, packages
from firstlight.operations.files import Directory, File
from firstlight.settings import HostSettings
from roles.owned import Owned

OWNS = Owned(
    files=(
        f"{files.FOLDER}/", files.PROGRAM, f"{tls.STATE}/", f"{files.ACCOUNTS}/",
        files.METRIC, f"{files.DROP_INS}/",
    ),
    units=tuple(
        f"{name}.{kind}" for name in (files.RENEWING, files.MEASURING)
        for kind in ("service", "timer")
    ),
    packages=("{acme}",),
)  # fmt: skip


def items(settings: HostSettings) -> tuple[list[File | Directory], tuple[str, ...]]:
    """Return what shall be on the host, and what another mode left that shall not."""
    issuer = site.issuer(settings)
    root = site.authority(settings).pem if issuer else ""
    made = files.files(settings, site.names(settings), issuer, root)
    folders: list[File | Directory] = [
        Directory(files.FOLDER, "700"),
        Directory(tls.STATE, "700"),
        Directory(str(PurePosixPath(files.METRIC).parent)),
    ]
    if settings.edge.tls.mode == "acme":
        folders.append(Directory(files.ACCOUNTS, "700"))
    if settings.edge.tls.mode == "acme" and settings.edge.tls.acme.challenge == "dns-01":
        folders.append(Directory(f"{files.FOLDER}/dns", "700"))
    written = [File(path, text, files.mode_of(path, text)) for path, text in sorted(made.items())]
    return [*folders, *written], files.absent(settings, made)


def wanted(settings: HostSettings) -> str:
    """Return what the host's certificate is made for; empty where the host makes none."""
    issuer = site.issuer(settings)
    if not files.renews(settings, issuer):
        return ""
    return files.purpose(settings, site.names(settings), issuer)


@deploy("Certificates")
def certificates(settings: HostSettings, system: System, *, shown: bool = True) -> None:
    """Set up what gets, renews and measures the certificate; nothing where it is not ``shown``."""
    if not shown:
        paths = (*OWNS.files, *(f"{files.UNITS}/{unit}" for unit in OWNS.units))
        operations.ended(name="Look after no certificate", paths=paths)
        return
    acme = settings.edge.tls.mode == "acme"
    shall_be, shall_not = items(settings)
    timers = [PurePosixPath(item.path).name for item in shall_be if item.path.endswith(".timer")]

    # install
    if acme:
        door = system.stream_packages if tls.doors(settings, ipv6=False).stream else ()
        packages.installed(
            name="Install the ACME client",
            names=(*system.acme_packages, *door),
            lock_timeout=settings.base.apt_lock_timeout,
            manager=system.manager,
        )

    # configure
    if own := files.handed(settings, on_host=True):
        units = {f"{files.RENEWING}.service": own}
        credentials.handed(name="Load the DNS provider's own credentials", units=units)

    # activate
    operations.kept(
        name="Look after the certificate",
        items=shall_be,
        absent=shall_not,
        timers=timers,
        place=tls.place(settings),
        # With ACME the first real one comes through the running edge; see issuance.
        purpose="" if acme else wanted(settings) or "-",
    )
