"""Certificates with which senders of journals and the monitors that take them know each other."""

from __future__ import annotations

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import ExtendedKeyUsageOID

from firstlight import pki, site
from firstlight.settings import HostSettings
from firstlight.settings.log_streams import slug


def sender_leaf(settings: HostSettings) -> pki.Leaf:
    """Return the certificate that a host shows when it sends its journals."""
    usage = ExtendedKeyUsageOID.CLIENT_AUTH
    folder = settings.state_dir / "logs" / settings.name
    name = f"{slug(settings.name)}.logs"
    return pki.leaf(site.authority(settings), folder, name, (), site.GATE_DAYS, usage=usage)


def receiver_leaf(settings: HostSettings) -> pki.Leaf:
    """Return the certificate that a monitor shows to those that send: for where it is reached."""
    folder = settings.state_dir / "logs" / settings.name
    return pki.leaf(site.authority(settings), folder, settings.reached_at, (), site.GATE_DAYS)


def fingerprint(leaf: pki.Leaf) -> str:
    """Return the SHA-1 of a certificate as nginx names it: 40 lower-case hex digits.

    The CA vouches for the certificate; this says which of the CA's it is.
    """
    found = x509.load_pem_x509_certificate(leaf.cert_pem.encode())
    return found.fingerprint(hashes.SHA1()).hex()
