"""The site's own small certificate authority: one root, and short-lived leaves for the edges."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from firstlight.certificate import (
    Key,
    certificate_pem,
    general_name,
    key_pem,
    leaf_certificate,
    new_key,
    root_certificate,
)
from firstlight.errors import FirstlightError
from firstlight.private_file import locked, read_private, write_private
from firstlight.secret import Secret

_RESTORE = "put ca.crt and ca.key back from a backup"
_AFRESH = "or move the folder away: a new CA is made then, and every client must trust it again"


@dataclass(frozen=True)
class Leaf:
    """A server certificate with its key, both PEM, and the time it ends (UTC)."""

    cert_pem: str
    key: Secret
    not_after: datetime


@dataclass(frozen=True)
class Authority:
    """A site's root certificate, in the file ``path``, and the key that signs its leaves."""

    certificate: x509.Certificate
    path: Path
    key: Key = field(repr=False)

    @classmethod
    def load(cls, dir: Path) -> Authority:
        """The authority in ``dir`` (``ca.crt``, ``ca.key``).

        Raises :class:`FirstlightError` where it is missing or damaged, its parts do not belong
        together, its key is readable by others, or it is out of date.
        """
        path, key_path = dir / "ca.crt", dir / "ca.key"
        if not path.exists() and not key_path.exists():
            fix = "run deploys/stack.py once: it makes the CA"
            raise FirstlightError("the site has no CA yet", where=str(dir), fix=fix)
        key = _read_key(key_path)
        certificate = _read_certificate(path)
        if certificate.public_key() != key.public_key():
            raise _damaged(path, "ca.crt and ca.key do not belong together")
        return cls(_current(certificate, path), path, key)

    @classmethod
    def load_or_create(cls, dir: Path, name: str) -> Authority:
        """The authority in ``dir``, made at the first call for the site ``name``.

        What is there is never replaced; raises as :meth:`load` does.
        """
        with locked(dir):
            key_path, path = dir / "ca.key", dir / "ca.crt"
            if not path.exists() and not key_path.exists():
                write_private(key_path, key_pem(new_key()))
            if not path.exists():
                # A key alone is a creation that was cut short, so it is completed with that key.
                # A certificate alone is beyond help, and reading the key says so.
                root = root_certificate(_read_key(key_path), name)
                write_private(path, certificate_pem(root), mode=0o644)
            return cls.load(dir)

    @property
    def pem(self) -> str:
        """The root certificate in PEM, for clients to trust."""
        return certificate_pem(self.certificate).decode()

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the root certificate, written as openssl and browsers write it."""
        return self.certificate.fingerprint(hashes.SHA256()).hex(":").upper()

    @property
    def not_after(self) -> datetime:
        """When the root ends (UTC)."""
        return self.certificate.not_valid_after_utc


def leaf(
    authority: Authority, dir: Path, domain: str, extra_names: Iterable[str] = (), days: int = 90
) -> Leaf:
    """The certificate for ``domain`` and ``extra_names`` (DNS names or IP addresses).

    It is kept in ``dir`` as ``<domain>.pem``: certificate and key in one file, so that they
    cannot come apart. The stored one is used as long as it is for exactly these names and
    ``days``, signed by ``authority``, and has more than a third of its life left.
    """
    names = [domain, *sorted(set(extra_names) - {domain})]
    path = dir / f"{domain}.pem"
    with locked(dir):
        pair = _stored(path)
        if pair is None or not _fits(authority, pair[0], names, days):
            key = new_key()
            made = leaf_certificate(authority.certificate, authority.key, key, names, days)
            write_private(path, certificate_pem(made) + key_pem(key))
            pair = made, key
    certificate, key = pair
    pem, end = certificate_pem(certificate).decode(), certificate.not_valid_after_utc
    return Leaf(pem, Secret(key_pem(key).decode()), end)


def _read_key(path: Path) -> Key:
    content = read_private(path, "the key of the site's CA", f"{_RESTORE}, {_AFRESH}")
    try:
        key = serialization.load_pem_private_key(content, None)
    except (ValueError, TypeError):
        raise _damaged(path, "it is not an unencrypted private key in PEM") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise _damaged(path, "it is not an ECDSA key")
    return key


def _read_certificate(path: Path) -> x509.Certificate:
    try:
        certificate = x509.load_pem_x509_certificate(path.read_bytes())
        certificate.verify_directly_issued_by(certificate)
        basic = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
        certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    except OSError as error:
        raise _damaged(path, error.strerror or str(error)) from None
    except (ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound):
        raise _damaged(path, "it is not a certificate that signed itself") from None
    if not basic.ca:
        raise _damaged(path, "it is not the certificate of a CA")
    return certificate


def _current(certificate: x509.Certificate, path: Path) -> x509.Certificate:
    now = datetime.now(UTC)
    if now < certificate.not_valid_before_utc:
        raise FirstlightError(
            "the site's CA is not valid yet",
            where=str(path),
            why=f"it begins on {certificate.not_valid_before_utc:%Y-%m-%d %H:%M} UTC",
            fix="set the clock of this machine right",
        )
    if now >= certificate.not_valid_after_utc:
        raise FirstlightError(
            "the site's CA is out of date",
            where=str(path),
            why=f"it ended on {certificate.not_valid_after_utc:%Y-%m-%d}",
            fix="move the folder away: a new CA is made then, and every client must trust it",
        )
    return certificate


def _damaged(path: Path, why: str) -> FirstlightError:
    return FirstlightError(
        "the site's CA is damaged", where=str(path), why=why, fix=f"{_RESTORE}, {_AFRESH}"
    )


def _stored(path: Path) -> tuple[x509.Certificate, Key] | None:
    """The pair in ``path``; a damaged or exposed leaf counts as none, for it is cheap to make."""
    try:
        content = read_private(path, "the certificate", "")
        key = serialization.load_pem_private_key(content, None)
        certificate = x509.load_pem_x509_certificate(content)
    except (FirstlightError, ValueError, TypeError):
        return None
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        return None
    return (certificate, key) if certificate.public_key() == key.public_key() else None


def _fits(authority: Authority, held: x509.Certificate, names: list[str], days: int) -> bool:
    begin, end = held.not_valid_before_utc, held.not_valid_after_utc
    try:
        held.verify_directly_issued_by(authority.certificate)
        found = held.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (InvalidSignature, ValueError, TypeError, x509.ExtensionNotFound):
        return False
    # A root that ends earlier shortens its leaves; that alone is no reason to renew them.
    as_asked = end == authority.not_after or timedelta(days=days) <= end - begin < timedelta(
        days=days + 1
    )
    young = end - datetime.now(UTC) > (end - begin) / 3
    return as_asked and young and list(found) == [general_name(name) for name in names]
