"""API keys: issued on the control machine, known to it and to hosts only by their digests."""

from __future__ import annotations

import hashlib

from firstlight.keys.change import change, issue, named, revoke, rotate
from firstlight.keys.key import CLASSES, NAME, RESERVED, Key, KeySecret
from firstlight.keys.keyring import Keyring
from firstlight.keys.probe import probe
from firstlight.keys.read import load
from firstlight.secret import Secret

__all__ = [
    "CLASSES",
    "NAME",
    "RESERVED",
    "Key",
    "KeySecret",
    "Keyring",
    "change",
    "digest",
    "issue",
    "load",
    "named",
    "probe",
    "revoke",
    "rotate",
]


def digest(key: Secret) -> str:
    """Return the SHA-256 of a key: what hosts were given before there was a salt."""
    return hashlib.sha256(key.reveal().encode()).hexdigest()
