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
    """A self-signed root for ten years: it may sign leaves, and hosts' authorities for leaves."""
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
        .add_extension(x509.BasicConstraints(ca=True, path_length=1), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .sign(key, hashes.SHA256())
    )


def leaf_certificate(
    root: x509.Certificate,
    root_key: Key,
    key: Key,
    names: Sequence[str],
    days: int,
    *,
    usage: x509.ObjectIdentifier = ExtendedKeyUsageOID.SERVER_AUTH,
) -> x509.Certificate:
    """A certificate for ``names``, the first of them its common name where it fits.

    It ends after ``days``, or with the root if that is earlier. ``usage`` is what it may be used
    for: to be a server, or a client.
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
        .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        # A certificate without a subject must mark its alternative names as critical.
        .add_extension(alternative, critical=not short)
        .add_extension(authority, critical=False)
        .sign(root_key, hashes.SHA256())
    )


def host_authority(
    root: x509.Certificate, root_key: Key, key: Key, names: Sequence[str], days: int
) -> x509.Certificate:
    """An authority that can sign server certificates for ``names`` and for nothing else.

    Names below a DNS name of ``names`` are its owner's too. It ends after ``days``, or with the
    root if that is earlier.
    """
    now = _now()
    organization = x509.NameAttribute(NameOID.ORGANIZATION_NAME, "firstlight")
    # Authorities are told apart by their names: each key has one of its own.
    digest = x509.SubjectKeyIdentifier.from_public_key(key.public_key()).digest.hex()[:16]
    subject = x509.Name([organization, x509.NameAttribute(NameOID.COMMON_NAME, f"host {digest}")])
    end = min(now + timedelta(days=days), root.not_valid_after_utc)
    server = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
    authority = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(
        root.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    )
    return (
        _builder(key, subject, max(now - BACKDATE, root.not_valid_before_utc), end)
        .issuer_name(root.subject)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(server, critical=False)
        .add_extension(constraints(names), critical=True)
        .add_extension(authority, critical=False)
        .sign(root_key, hashes.SHA256())
    )


def self_signed(key: Key, names: Sequence[str], days: int) -> x509.Certificate:
    """A server certificate for ``names`` that nobody but itself vouches for."""
    now = _now()
    subject = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "firstlight")])
    alternative = x509.SubjectAlternativeName([general_name(name) for name in names])
    return (
        _builder(key, subject, now - BACKDATE, now + timedelta(days=days))
        .issuer_name(subject)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(alternative, critical=False)
        .sign(key, hashes.SHA256())
    )


def constraints(names: Sequence[str]) -> x509.NameConstraints:
    """``names`` are allowed; a kind of name that none of them is of is forbidden altogether."""
    allowed: list[x509.GeneralName] = []
    for name in names:
        try:
            allowed.append(x509.IPAddress(ipaddress.ip_network(name)))
        except ValueError:
            allowed.append(x509.DNSName(name))
    kinds = {type(each) for each in allowed}
    # An empty suffix fits every DNS name. What is not mentioned would not be constrained.
    forbidden: list[x509.GeneralName] = [] if x509.DNSName in kinds else [x509.DNSName("")]
    if x509.IPAddress not in kinds:
        every = ("0.0.0.0/0", "::/0")
        forbidden += [x509.IPAddress(ipaddress.ip_network(each)) for each in every]
    return x509.NameConstraints(allowed, forbidden or None)


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
