"""Keys of package repositories: whose they are, proven by their fingerprint."""

from __future__ import annotations

import shlex
from pathlib import Path

from firstlight.errors import FirstlightError
from firstlight.nvidia import openpgp


def fingerprints(key: bytes) -> list[str]:
    """Return the fingerprints of all OpenPGP keys in ``key``, armored or not; none: no key."""
    try:
        return openpgp.fingerprints(key)
    except ValueError:
        return []


def proven(path: Path, fingerprint: str, where: str) -> str:
    """Return the text of the armored key at ``path``, which has to be exactly ``fingerprint``.

    A package manager trusts every key of the file, so a second one is refused as well. Raises
    :class:`FirstlightError`; ``where`` is the setting that names the file.
    """
    fix = f"compare with what the owner publishes: gpg --show-keys {shlex.quote(str(path))}"
    try:
        content = path.read_bytes()
    except OSError as error:
        raise FirstlightError(
            "the repository's key cannot be read", where=where, why=f"{path}: {error.strerror}"
        ) from None
    found = fingerprints(content)
    if found != [fingerprint]:
        raise FirstlightError(
            "the key is not the one that signs this repository; nothing of it is trusted",
            where=where,
            why=f"{path} has {', '.join(found) or 'no OpenPGP key'}, expected {fingerprint}",
            fix=fix,
        )
    try:
        return content.decode("ascii")
    except UnicodeDecodeError:
        raise FirstlightError(
            "the key is not armored",
            where=where,
            why=f"{path} is binary",
            fix=f"gpg --enarmor < {shlex.quote(str(path))}, and name that file",
        ) from None


def unknown_key(
    url: str, fingerprint: str, where: str, repository: str, otherwise: str
) -> FirstlightError:
    """Return the error for a key that firstlight does not have, with how to get it.

    ``otherwise`` is another way out, to stand at the end of a sentence; it may be empty.
    """
    file = url.rsplit("/", 1)[1]
    return FirstlightError(
        "the key of NVIDIA's repository is not part of firstlight",
        where=where,
        why=f"its text could not be vendored; its fingerprint is {fingerprint}",
        fix=f"curl -fsSLo {file} {url}, see that `gpg --show-keys {file}` says {fingerprint}, and "
        f'set nvidia.repository to {{"url": "{repository}", "key": "{file}", '
        f'"fingerprint": "{fingerprint}"}}{otherwise}',
    )
