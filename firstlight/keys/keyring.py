"""All API keys of a site, and the salt under which their digests are taken."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass, field, replace

from firstlight.keys.key import Key, KeySecret
from firstlight.secret import Secret

_HEAD = """\
# API keys of this site, by their digests: a key itself is shown once, when it is issued.
# Written by `firstlight keys`; the salt keeps the digests of two sites apart.
"""


@dataclass(frozen=True)
class Keyring:
    """``salt`` is 64 hex digits; ``keys`` have distinct names, in the order of their issue.

    ``plain`` says that the file still holds keys in plain text: its next write ends that.
    """

    salt: Secret
    keys: tuple[Key, ...] = ()
    plain: bool = field(default=False, compare=False)

    @staticmethod
    def new() -> Keyring:
        """Return a keyring without a key, with a salt of its own."""
        return Keyring(Secret(secrets.token_hex(32)))

    def digest(self, text: Secret) -> str:
        """Return what hosts learn of a key: HMAC-SHA256, 64 hex digits.

        The HMAC's key is the salt as it is written, 64 ASCII characters. A slow hash is not
        needed: it protects what can be guessed, and a key holds 256 random bits.
        """
        salt, message = self.salt.reveal().encode(), text.reveal().encode()
        return hmac.new(salt, message, hashlib.sha256).hexdigest()

    def get(self, name: str) -> Key | None:
        """Return the key called ``name``, if there is one."""
        return next((key for key in self.keys if key.name == name), None)

    def having(self, key: Key) -> Keyring:
        """Return the keyring with ``key`` in the place of the one with its name, or at the end."""
        if self.get(key.name) is None:
            return replace(self, keys=(*self.keys, key))
        held = tuple(key if each.name == key.name else each for each in self.keys)
        return replace(self, keys=held)

    def without(self, name: str) -> Keyring:
        """Return the keyring without the key called ``name``."""
        return replace(self, keys=tuple(key for key in self.keys if key.name != name))

    def pruned(self, now: int) -> Keyring:
        """Return the keyring without the secrets that have ended by ``now``."""
        return replace(self, keys=tuple(key.pruned(now) for key in self.keys))

    def text(self) -> str:
        """Return the keyring as its file: TOML, digests and no key."""
        parts = [f'{_HEAD}salt = "{self.salt.reveal()}"\n\n[keys]\n']
        return "".join([*parts, *(_table(key) for key in self.keys)])


def _table(key: Key) -> str:
    lines = ["", f"[keys.{key.name}]", f'class = "{key.klass}"']
    if key.models:
        lines.append(f"models = {json.dumps(list(key.models))}")
    for name in ("rps", "burst", "concurrency"):
        if (value := getattr(key, name)) is not None:
            lines.append(f"{name} = {value}")
    return "\n".join([*lines, "secrets = [", *(_secret(each) for each in key.secrets), "]", ""])


def _secret(each: KeySecret) -> str:
    expires = "" if each.expires is None else f", expires = {each.expires}"
    return f'  {{ digest = "{each.digest}", issued = {each.issued}{expires} }},'
