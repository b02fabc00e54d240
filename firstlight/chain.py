"""A certificate that somebody else issued: checked before it comes near a host."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from firstlight.certificate import certificate_pem
from firstlight.errors import FirstlightError
from firstlight.names import covers, listed
from firstlight.pki import Leaf
from firstlight.private_file import read_private
from firstlight.secret import Secret

_WHAT = "the certificate cannot be used"
_RSA_BITS = 2048
_AGAIN = "fix the path, or have it issued again"
_ORDER = "cat leaf.pem intermediate.pem >chain.pem: the leaf first, then what issued it"


def load(certificate: Path, key: Path | Secret, ca: Path | None, names: Sequence[str]) -> Leaf:
    """The chain in ``certificate`` with the private key ``key`` (or in the file of that name), for
    the DNS name or address ``names``, as clients get it: leaf first, without the root.

    ``ca`` is the root that the chain shall end at; without it the last one's issuer is left to
    the clients' own list. Raises :class:`FirstlightError` for everything that would make a client
    refuse it, or that would tell the key to others.
    """
    leaf = _certificates(certificate, _AGAIN)[0]
    held = key if isinstance(key, Secret) else Secret(_key(key).decode("utf-8", "replace"))
    where = "edge.tls.key" if isinstance(key, Secret) else str(key)
    _key_matches(leaf, held, where, certificate)
    chain = checked(certificate, ca, names)
    sent = chain if len(chain) == 1 else [each for each in chain if each.issuer != each.subject]
    pem = b"".join(certificate_pem(each) for each in sent).decode()
    return Leaf(pem, held, min(each.not_valid_after_utc for each in sent))


def checked(certificate: Path, ca: Path | None, names: Sequence[str]) -> list[x509.Certificate]:
    """The chain in ``certificate`` as it stands there, of which all is right but perhaps the key.

    Raises as :func:`load` does.
    """
    chain = _certificates(certificate, _AGAIN)
    for place, each in enumerate(chain):
        _current(each, certificate, place)
    _in_order(chain, certificate)
    if ca is not None:
        _ends_at(chain[-1], _certificates(ca, "name the root's certificate in edge.tls.ca"), ca)
    else:
        _complete(chain, certificate)
    _for_servers(chain[0], certificate)
    _for_names(chain[0], names, certificate)
    return chain


def _certificates(path: Path, fix: str) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(path.read_bytes())
    except OSError as error:
        why = error.strerror or str(error)
    except ValueError:
        why = "there is no certificate in PEM in it"
    raise FirstlightError(_WHAT, where=str(path), why=why, fix=fix)


def _key(path: Path) -> bytes:
    return read_private(path, "the certificate's private key", "name it in edge.tls.key")


def _key_matches(leaf: x509.Certificate, key: Secret, path: str, where: Path) -> None:
    try:
        found = serialization.load_pem_private_key(key.reveal().encode(), None)
    except TypeError:
        raise FirstlightError(
            "the certificate's private key cannot be used",
            where=path,
            why="it is encrypted with a pass phrase, and nginx starts without anyone to type it",
            fix="openssl pkey -in KEY -out PLAIN.key, with umask 077",
        ) from None
    except (ValueError, UnsupportedAlgorithm):
        raise FirstlightError(
            "the certificate's private key cannot be used",
            where=path,
            why="it is not a private key in PEM",
            fix="name the key's file in edge.tls.key",
        ) from None
    if leaf.public_key() != found.public_key():
        raise FirstlightError(
            "the certificate and its private key do not belong together",
            where=str(where),
            why=f"{path} is another certificate's key, or the leaf is not the first in its file",
            fix=_ORDER,
        )
    weak = isinstance(found, rsa.RSAPrivateKey) and found.key_size < _RSA_BITS
    if weak or not isinstance(found, (rsa.RSAPrivateKey, ec.EllipticCurvePrivateKey)):
        why = "clients take ECDSA keys, and RSA keys of 2048 bits or more"
        raise FirstlightError(_WHAT, where=path, why=why, fix="have it issued for such a key")


def _current(each: x509.Certificate, where: Path, place: int) -> None:
    now, begin, end = datetime.now(UTC), each.not_valid_before_utc, each.not_valid_after_utc
    of = "" if place == 0 else f" (number {place + 1} in the file)"
    if now < begin:
        raise FirstlightError(
            f"the certificate is not valid yet{of}",
            where=str(where),
            why=f"it begins on {begin:%Y-%m-%d %H:%M} UTC",
            fix="set the clock of this machine right, or wait",
        )
    if now >= end:
        raise FirstlightError(
            f"the certificate is out of date{of}",
            where=str(where),
            why=f"it ended on {end:%Y-%m-%d %H:%M} UTC",
            fix="renew it where it was issued",
        )


def _in_order(chain: Sequence[x509.Certificate], where: Path) -> None:
    for place, (each, issuer) in enumerate(pairwise(chain), 1):
        if not _issued(each, issuer):
            raise FirstlightError(
                "the certificate's chain does not hold together",
                where=str(where),
                why=f"number {place} was not issued by number {place + 1}: "
                f"{each.issuer.rfc4514_string()} is not {issuer.subject.rfc4514_string()}",
                fix=_ORDER,
            )


def _issued(each: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        each.verify_directly_issued_by(issuer)
    except (InvalidSignature, ValueError, TypeError):
        return False
    return True


def _ends_at(last: x509.Certificate, roots: Sequence[x509.Certificate], ca: Path) -> None:
    if not any(last == root or _issued(last, root) for root in roots):
        raise FirstlightError(
            "the certificate's chain does not end at its root",
            where=str(ca),
            why=f"the last one in the file was issued by {last.issuer.rfc4514_string()}",
            fix=f"add what is missing in between: {_ORDER}",
        )


def _complete(chain: Sequence[x509.Certificate], where: Path) -> None:
    """A leaf alone is what most people forget the rest of; browsers hide it, programs fail."""
    if len(chain) == 1:
        alone = chain[0].issuer == chain[0].subject
        raise FirstlightError(
            "the certificate vouches for itself" if alone else "the certificate's chain is missing",
            where=str(where),
            why=f"nothing in the file is of {chain[0].issuer.rfc4514_string()}, which issued it",
            fix="name its root in edge.tls.ca" + ("" if alone else f", or {_ORDER}"),
        )


def _for_servers(leaf: x509.Certificate, where: Path) -> None:
    try:
        found = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return
    if not {ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE} & {*found}:
        fix = "have one issued for servers (TLS Web Server Authentication)"
        raise FirstlightError(_WHAT, where=str(where), why="it is not a server's", fix=fix)


def _for_names(leaf: x509.Certificate, names: Sequence[str], where: Path) -> None:
    missing = [name for name in names if not covers(leaf, name)]
    if missing:
        raise FirstlightError(
            f"the certificate is not for {missing[0]}",
            where=str(where),
            why=f"its names are {', '.join(listed(leaf)) or 'none'}",
            fix="have it issued for the domain, or change `domain`",
        )
