"""Certificates of monitors: what they show to the hosts they watch, and to people's browsers."""

from __future__ import annotations

from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import ExtendedKeyUsageOID

from firstlight import pki, site
from firstlight.settings import HostSettings

MONITOR_NAME = "monitor.firstlight.internal"
"""Name in the certificate of a monitor, on all hosts alike."""
PEOPLE_DAYS = 820
"""Life of a certificate for browsers that only a run renews: the longest that all of them take."""


def folder(settings: HostSettings) -> Path:
    """Return the folder on the control machine with what belongs to a monitor."""
    return settings.state_dir / "monitors" / settings.name


def monitor_leaf(settings: HostSettings) -> pki.Leaf:
    """Return the certificate that a monitor shows to the hosts it watches."""
    authority, usage = site.authority(settings), ExtendedKeyUsageOID.CLIENT_AUTH
    place = folder(settings)
    return pki.leaf(authority, place, MONITOR_NAME, (), site.GATE_DAYS, usage=usage)


def fingerprint(settings: HostSettings) -> str:
    """Return the SHA-1 of a monitor's certificate as nginx names it: 40 lower-case hex digits."""
    leaf = x509.load_pem_x509_certificate(monitor_leaf(settings).cert_pem.encode())
    # nginx knows SHA-1 only; whoever has another certificate with it would need the CA's key.
    return leaf.fingerprint(hashes.SHA1()).hex()


def people_leaf(settings: HostSettings) -> pki.Leaf:
    """Return the certificate of a monitor's dashboards, for one that has no edge."""
    domain, *extra = [each for each in (settings.domain, settings.reached_at) if each]
    return pki.leaf(site.authority(settings), folder(settings), domain, extra, PEOPLE_DAYS)
