"""The site's own small certificate authority: one root, and what it signs for its hosts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

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
from firstlight.root_files import current, damaged, read_certificate, read_key
from firstlight.secret import Secret


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
        key = read_key(key_path)
        certificate = read_certificate(path)
        if certificate.public_key() != key.public_key():
            raise damaged(path, "ca.crt and ca.key do not belong together")
        return cls(current(certificate, path), path, key)

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
                root = root_certificate(read_key(key_path), name)
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
    def delegates(self) -> bool:
        """Whether the root allows a host to renew its own leaf; one made before did not."""
        basic = self.certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
        return basic.path_length is None or basic.path_length > 0

    @property
    def not_after(self) -> datetime:
        """When the root ends (UTC)."""
        return self.certificate.not_valid_after_utc


def leaf(
    authority: Authority,
    dir: Path,
    domain: str,
    extra_names: Iterable[str] = (),
    days: int = 90,
    *,
    usage: x509.ObjectIdentifier = ExtendedKeyUsageOID.SERVER_AUTH,
) -> Leaf:
    """The certificate for ``domain`` and ``extra_names`` (DNS names or IP addresses).

    It is kept in ``dir`` as ``<domain>.pem``: certificate and key in one file, so that they
    cannot come apart. The stored one is used as long as it is for exactly these names and
    ``days``, signed by ``authority``, and has more than a third of its life left.
    """
    names = [domain, *sorted(set(extra_names) - {domain})]
    path = dir / f"{domain}.pem"
    with locked(dir):
        pair = stored(path)
        if pair is None or not _fits(authority, pair[0], names, days):
            key = new_key()
            made = leaf_certificate(
                authority.certificate, authority.key, key, names, days, usage=usage
            )
            write_private(path, certificate_pem(made) + key_pem(key))
            pair = made, key
    certificate, key = pair
    pem, end = certificate_pem(certificate).decode(), certificate.not_valid_after_utc
    return Leaf(pem, Secret(key_pem(key).decode()), end)


def stored(path: Path) -> tuple[x509.Certificate, Key] | None:
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
