"""API keys: issued on the control machine, known to it and to hosts only by their digests."""

from __future__ import annotations

from firstlight.keys.change import change, issue, named, revoke, rotate
from firstlight.keys.key import CLASSES, NAME, RESERVED, Key, KeySecret
from firstlight.keys.keyring import Keyring
from firstlight.keys.probe import probe
from firstlight.keys.read import load

__all__ = [
    "CLASSES",
    "NAME",
    "RESERVED",
    "Key",
    "KeySecret",
    "Keyring",
    "change",
    "issue",
    "load",
    "named",
    "probe",
    "revoke",
    "rotate",
]
