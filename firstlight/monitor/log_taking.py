"""What a monitor needs to take the journals of the hosts that it watches, and to bound them."""

from __future__ import annotations

from firstlight import site
from firstlight.catalogue import System
from firstlight.monitor.log_certificates import fingerprint, receiver_leaf, sender_leaf
from firstlight.monitor.log_unit import CA, FOLDER, UNITS, Part
from firstlight.rendering import render
from firstlight.settings import HostSettings
from firstlight.settings.fronts import Site
from firstlight.settings.log_streams import Stream, taken

KEPT = "/var/log/journal/remote"
SOCKETS = "/run/firstlight-logs"
CERTIFICATE, KEY = f"{FOLDER}/receiver.crt", f"{FOLDER}/receiver.key"
CONF = f"{FOLDER}/nginx.conf"
BOUNDS = "/etc/systemd/journal-remote.conf.d/firstlight.conf"
INCOMING, DOOR, KEEP = "firstlight-logs-in@", "firstlight-logs-door.service", "firstlight-logs-keep"
OF_TAKER = (
    CERTIFICATE,
    KEY,
    CONF,
    BOUNDS,
    *(f"/{UNITS}/{name}" for name in (f"{INCOMING}.service", f"{INCOMING}.socket", DOOR)),
    *(f"/{UNITS}/{KEEP}.{kind}" for kind in ("service", "timer")),
)
BOUNDED_SINCE = 253
"""The first systemd whose journal-remote bounds by itself what it keeps."""
SMALLEST_FILE, LARGEST_FILE = 8 << 20, 128 << 20
"""Sizes in bytes between which a journal's file is begun anew."""


def taking(settings: HostSettings, system: System, sites: Site) -> Part:
    """Return what a monitor has to which others send; nothing of any other host."""
    part = Part()
    found = taken(settings, sites)
    if not found:
        return part
    leaf, ca = receiver_leaf(settings), site.authority(settings).pem
    keep = int(settings.monitor.logs.keep)
    bounds = render(BOUNDS[1:], keep=keep, file=file_size(keep, len(found)))
    conf = door(found, settings)
    part.files |= {CA: ca, CERTIFICATE: leaf.cert_pem, KEY: leaf.key, CONF: conf}
    if system.systemd >= BOUNDED_SINCE:  # older ones would warn of what they do not know
        part.files[BOUNDS] = bounds
    receiver, socket = f"{INCOMING}.service", f"{INCOMING}.socket"
    received = part.add(receiver, receiver, bounds, kept=KEPT)
    part.add(socket, socket, sockets=SOCKETS)
    part.units |= {f"{INCOMING}{each.name}.socket": received for each in found}
    part.units[DOOR] = part.add(DOOR, DOOR, [conf, leaf.cert_pem, ca], folder=FOLDER)
    part.add(f"{KEEP}.service", f"{KEEP}.service", kept=KEPT, keep=keep)
    part.add(f"{KEEP}.timer", f"{KEEP}.timer")
    part.units[f"{KEEP}.timer"] = ""
    return part


def door(found: list[Stream], monitor: HostSettings) -> str:
    """Return the configuration of the nginx that knows who sends."""
    # A host without IPv6 cannot listen there.
    address = "[::]:" if ":" in monitor.reached_at else ""
    return render(
        CONF[1:],
        streams=[
            {
                "name": each.name,
                "path": each.path,
                "fingerprint": fingerprint(sender_leaf(each.host)),
            }
            for each in found
        ],
        address=address,
        port=monitor.monitor.logs.port,
        connections=64 + 4 * len(found),
        folder=FOLDER,
        sockets=SOCKETS,
    )


def file_size(keep: int, streams: int) -> int:
    """Return the size of one file, so that those in use leave most of ``keep`` to older ones."""
    return min(max(keep // (4 * streams), SMALLEST_FILE), LARGEST_FILE)
