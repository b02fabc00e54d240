"""What a host renews its certificate with: an authority of its own, good for its own names only.

The root's key never leaves the control machine. Whoever takes a host over has that host's names,
which he has anyway, and no other.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature

from firstlight.certificate import (
    Key,
    certificate_pem,
    constraints,
    host_authority,
    key_pem,
    new_key,
    self_signed,
)
from firstlight.pki import Authority, Leaf, stored
from firstlight.private_file import locked, write_private
from firstlight.secret import Secret

DAYS = 1095
"""Life of a host's authority: a deploy renews it when a third of that is left."""


def host_ca(authority: Authority, dir: Path, names: Sequence[str]) -> Leaf:
    """The authority of the host with ``names``, signed by the root ``authority``.

    It is kept in ``dir``, certificate and key in one file, and replaced when the names change,
    the root does, or a third of its life is left.
    """
    path = dir / "_host-ca.pem"  # no domain begins like this
    with locked(dir):
        pair = stored(path)
        if pair is None or not _fits(authority, pair[0], names):
            key = new_key()
            pair = host_authority(authority.certificate, authority.key, key, names, DAYS), key
            write_private(path, certificate_pem(pair[0]) + key_pem(key))
    return _as_leaf(*pair)


def self_signed_leaf(dir: Path, names: Sequence[str], days: int) -> tuple[Leaf, Path]:
    """A certificate that vouches for itself, and the file with which a client pins it.

    It is made anew when ``names`` change or a third of its life is left: whoever pinned the one
    before has to fetch it again.
    """
    path, public = dir / "_self-signed.pem", dir / "self-signed.crt"
    with locked(dir):
        pair = stored(path)
        if pair is None or _names(pair[0]) != list(names) or not _young(pair[0]):
            key = new_key()
            pair = self_signed(key, names, days), key
            write_private(path, certificate_pem(pair[0]) + key_pem(key))
        content = certificate_pem(pair[0])
        if not public.is_file() or public.read_bytes() != content:
            write_private(public, content, mode=0o644)
    return _as_leaf(*pair), public


def _as_leaf(certificate: x509.Certificate, key: Key) -> Leaf:
    pem = certificate_pem(certificate).decode()
    return Leaf(pem, Secret(key_pem(key).decode()), certificate.not_valid_after_utc)


def _fits(authority: Authority, held: x509.Certificate, names: Sequence[str]) -> bool:
    try:
        held.verify_directly_issued_by(authority.certificate)
        found = held.extensions.get_extension_for_class(x509.NameConstraints).value
    except (InvalidSignature, ValueError, TypeError, x509.ExtensionNotFound):
        return False
    return found == constraints(names) and _young(held)


def _names(held: x509.Certificate) -> list[str]:
    try:
        found = held.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (ValueError, x509.ExtensionNotFound):
        return []
    return [str(each.value) for each in found]


def _young(held: x509.Certificate) -> bool:
    begin, end = held.not_valid_before_utc, held.not_valid_after_utc
    return begin <= datetime.now(UTC) < end - (end - begin) / 3
