"""The two files of a site's root on the control machine, read with suspicion."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from firstlight.certificate import Key
from firstlight.errors import FirstlightError
from firstlight.private_file import read_private

_RESTORE = "put ca.crt and ca.key back from a backup"
_AFRESH = "or move the folder away: a new CA is made then, and every client must trust it again"


def read_key(path: Path) -> Key:
    """The key in ``path``; raises :class:`FirstlightError` where it is none or exposed."""
    content = read_private(path, "the key of the site's CA", f"{_RESTORE}, {_AFRESH}")
    try:
        key = serialization.load_pem_private_key(content, None)
    except (ValueError, TypeError):
        raise damaged(path, "it is not an unencrypted private key in PEM") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise damaged(path, "it is not an ECDSA key")
    return key


def read_certificate(path: Path) -> x509.Certificate:
    """The root in ``path``; raises :class:`FirstlightError` where it is none."""
    try:
        certificate = x509.load_pem_x509_certificate(path.read_bytes())
        certificate.verify_directly_issued_by(certificate)
        basic = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
        certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    except OSError as error:
        raise damaged(path, error.strerror or str(error)) from None
    except (ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound):
        raise damaged(path, "it is not a certificate that signed itself") from None
    if not basic.ca:
        raise damaged(path, "it is not the certificate of a CA")
    return certificate


def current(certificate: x509.Certificate, path: Path) -> x509.Certificate:
    """``certificate``, unless its time has not come or is over."""
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


def damaged(path: Path, why: str) -> FirstlightError:
    """The error for a root that is beyond use."""
    return FirstlightError(
        "the site's CA is damaged", where=str(path), why=why, fix=f"{_RESTORE}, {_AFRESH}"
    )
