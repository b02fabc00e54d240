"""The API key file: TOML, 0600, read strictly; what stands in it is never shown.

The file that firstlight wrote before it kept digests is read too::

    [keys]
    alice = "fl_alice_<43 characters>"
"""

from __future__ import annotations

import functools
import hashlib
import re
import tomllib
from pathlib import Path
from typing import Any

from firstlight.errors import FirstlightError
from firstlight.keys.key import RESERVED, Key, KeySecret, mistaken_text
from firstlight.keys.keyring import Keyring
from firstlight.private_file import read_private
from firstlight.secret import Secret

ISSUE = "firstlight keys issue NAME --site SITE"
_FIELDS = {"class", "models", "rps", "burst", "concurrency", "secrets"}
_SALT = re.compile(r"[0-9a-f]{64}")


def load(path: Path) -> Keyring:
    """The keys in the file at ``path``, in the file's order.

    Raises :class:`FirstlightError` where the file is missing, readable by others, without a
    key or malformed; it names the line and never shows what stands there.
    """
    return _parsed(path, read_private(path, "the API key file", ISSUE))


@functools.lru_cache(maxsize=2)
def _parsed(path: Path, content: bytes) -> Keyring:
    """The keys in ``content``; a run asks for them for each host, and 10,000 take a second."""
    try:
        text = content.decode("utf-8")
        table = tomllib.loads(text)
    except UnicodeDecodeError as error:
        raise _malformed(path, content.count(b"\n", 0, error.start) + 1, "not UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        # Its own message may quote the line, and with it a part of a key.
        at = re.search(r"at line (\d+)", str(error))
        raise _malformed(path, int(at[1]) if at else text.count("\n") + 1, "not TOML") from None
    except RecursionError:
        raise _malformed(path, 1, "nested too deeply") from None
    return _File(path, text, table).keyring()


class _File:
    """A file that is TOML; what its tables mean."""

    def __init__(self, path: Path, text: str, table: dict[str, Any]) -> None:
        self.path, self.text, self.table = path, text, table
        self.written: dict[str, str] = {}

    def keyring(self) -> Keyring:
        for name in self.table:
            if name not in ("salt", "keys"):
                raise self.wrong(name, "only salt and the table [keys] belong here")
        held = self.table.get("keys", {})
        if not isinstance(held, dict):
            raise self.wrong("keys", "[keys] is not a table")
        # A file that was ever written by `firstlight keys` has a salt: its last key may have been
        # revoked, and hosts have to learn of that.
        if not held and "salt" not in self.table:
            raise FirstlightError("the API key file holds no key", where=str(self.path), fix=ISSUE)
        salt = self.salt(held)
        bare = Keyring(salt)
        keys = tuple(self.key(bare, name, value) for name, value in held.items())
        return Keyring(salt, keys, plain=any(isinstance(each, str) for each in held.values()))

    def salt(self, held: dict[str, Any]) -> Secret:
        """The file's salt; of a file that has none yet one that follows from its keys.

        It has to be the same at each reading, or each run would have something to change.
        """
        salt = self.table.get("salt")
        if salt is None:
            if not all(isinstance(each, str) for each in held.values()):
                raise self.wrong("keys", "there is no salt, without which digests mean nothing")
            texts = "\n".join(sorted(held.values()))
            return Secret(hashlib.sha256(f"firstlight salt\n{texts}".encode()).hexdigest())
        if not isinstance(salt, str) or not _SALT.fullmatch(salt):
            raise self.wrong("salt", "salt is not 64 lower-case hex digits")
        return Secret(salt)

    def key(self, bare: Keyring, name: str, value: object) -> Key:
        if name == RESERVED:
            raise self.wrong(name, f"the name {RESERVED} is firstlight's own")
        if isinstance(value, str):
            key = Key(name)
            if why := key.mistake() or mistaken_text(name, value):
                raise self.wrong(name, why)
            # When it was issued stands nowhere.
            return Key(name, secrets=(KeySecret(bare.digest(Secret(value)), 0),))
        key = self.from_table(name, value)
        if why := key.mistake():
            raise self.wrong(name, why)
        for each in key.secrets:
            if each.digest in self.written:
                raise self.wrong(name, f"it has a digest of {self.written[each.digest]} again")
            self.written[each.digest] = name
        return key

    def from_table(self, name: str, value: object) -> Key:
        if not isinstance(value, dict) or value.keys() - _FIELDS or "class" not in value:
            raise self.wrong(name, f"it is not a table of {', '.join(sorted(_FIELDS))}")
        models, found = value.get("models", []), value.get("secrets")
        if not isinstance(models, list):
            raise self.wrong(name, "models is not a list of models' names")
        if not isinstance(found, list) or not found or not all(_is_secret(each) for each in found):
            raise self.wrong(name, "secrets is not a list of digest, issued and expires")
        return Key(
            name,
            value["class"],
            tuple(models),
            rps=value.get("rps"),
            burst=value.get("burst"),
            concurrency=value.get("concurrency"),
            secrets=tuple(KeySecret(**each) for each in found),
        )

    def wrong(self, name: str, why: str) -> FirstlightError:
        return _malformed(self.path, _line(self.text, name), why)


def _is_secret(value: object) -> bool:
    return isinstance(value, dict) and {"digest", "issued"} <= value.keys() <= {
        "digest",
        "issued",
        "expires",
    }


def _line(text: str, name: str) -> int:
    """The line on which ``name`` is defined, for errors; 1 where it cannot be told."""
    place = rf"(?m)^\s*\[*\s*(?:keys\s*\.\s*)?[\"']?{re.escape(name)}(?![A-Za-z0-9_-])"
    at = re.search(place, text)
    return text.count("\n", 0, at.start()) + at[0].count("\n") + 1 if at else 1


def _malformed(path: Path, line: int, why: str) -> FirstlightError:
    return FirstlightError(
        "the API key file is malformed",
        where=f"{path}, line {line}",
        why=why,
        fix=f"take the entry out and make a new key: {ISSUE}",
    )
