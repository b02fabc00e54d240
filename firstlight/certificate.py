"""Builds X.509 certificates: the root of a site and the leaves of its edges. Nothing is stored."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

Key = ec.EllipticCurvePrivateKey
ROOT_DAYS = 3650
BACKDATE = timedelta(hours=1)
"""Certificates begin this long before now, for clients whose clock is a little behind."""
_LONGEST_COMMON_NAME = 64


def new_key() -> Key:
    """A new ECDSA key on the curve P-256."""
    return ec.generate_private_key(ec.SECP256R1())


def key_pem(key: Key) -> bytes:
    """``key`` in PEM, unencrypted."""
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return key.private_bytes(encoding, form, serialization.NoEncryption())


def certificate_pem(certificate: x509.Certificate) -> bytes:
    """``certificate`` in PEM."""
    return certificate.public_bytes(serialization.Encoding.PEM)


def general_name(name: str) -> x509.GeneralName:
    """A DNS name or an IP address as it stands in a certificate."""
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def root_certificate(key: Key, site: str) -> x509.Certificate:
    """A self-signed root that may sign leaves and no further authority, for ten years."""
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "firstlight"),
            x509.NameAttribute(NameOID.COMMON_NAME, f"{site} internal CA"),
        ]
    )
    begin = _now() - BACKDATE
    builder = _builder(key, subject, begin, begin + timedelta(days=ROOT_DAYS))
    return (
        builder.issuer_name(subject)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .sign(key, hashes.SHA256())
    )


def leaf_certificate(
    root: x509.Certificate, root_key: Key, key: Key, names: Sequence[str], days: int
) -> x509.Certificate:
    """A server certificate for ``names``, the first of them its common name where it fits.

    It ends after ``days``, or with the root if that is earlier.
    """
    now = _now()
    short = names[:1] if len(names[0]) <= _LONGEST_COMMON_NAME else []
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name) for name in short])
    end = min(now + timedelta(days=days), root.not_valid_after_utc)
    alternative = x509.SubjectAlternativeName([general_name(name) for name in names])
    authority = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(
        root.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    )
    return (
        _builder(key, subject, max(now - BACKDATE, root.not_valid_before_utc), end)
        .issuer_name(root.subject)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        # A certificate without a subject must mark its alternative names as critical.
        .add_extension(alternative, critical=not short)
        .add_extension(authority, critical=False)
        .sign(root_key, hashes.SHA256())
    )


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


def _builder(
    key: Key, subject: x509.Name, begin: datetime, end: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(end)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )
