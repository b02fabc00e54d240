"""API keys: issued and kept on the control machine, known to hosts only by their digests.

The file is TOML, 0600::

    [keys]
    alice = "fl_alice_<43 characters>"
"""

from __future__ import annotations

import hashlib
import re
import secrets
import tomllib
from pathlib import Path

from firstlight.errors import FirstlightError
from firstlight.private_file import locked, read_private, write_private
from firstlight.secret import Secret

NAME = re.compile(r"[a-z][a-z0-9-]{0,30}")
"""A key's name: lower-case letters, digits and '-', at most 31 characters, a letter first."""
_RANDOM = re.compile(r"[A-Za-z0-9_-]{43}")
_ISSUE = "firstlight keys issue NAME --site SITE"
_HEAD = "# API keys of this site. Made by `firstlight keys issue`; keep it secret.\n[keys]\n"


def issue(path: Path, name: str) -> Secret:
    """Make a key for ``name``, add it to the file at ``path`` and return it.

    Raises :class:`FirstlightError` where the name is malformed or has a key already.
    """
    if not NAME.fullmatch(name):
        raise FirstlightError(
            "the name of the API key is malformed",
            where=str(path),
            why="it is not made of lower-case letters, digits and '-' alone, a letter first, "
            "31 characters at most",
            fix="firstlight keys issue alice --site SITE",
        )
    with locked(path.parent):
        keys = load(path) if path.exists() else {}
        if name in keys:
            raise FirstlightError(
                f"there is an API key named {name} already",
                where=str(path),
                why="a key is shown only once and never replaced in passing",
                fix=f"choose another name, or take the line of {name} out of the file first",
            )
        key = Secret(f"fl_{name}_{secrets.token_urlsafe(32)}")
        lines = [f'{each} = "{secret.reveal()}"\n' for each, secret in {**keys, name: key}.items()]
        write_private(path, (_HEAD + "".join(lines)).encode())
    return key


def load(path: Path) -> dict[str, Secret]:
    """The keys in the file at ``path`` by name, in the file's order.

    Raises :class:`FirstlightError` where the file is missing, readable by others, empty or
    malformed; it names the line and never shows what stands there.
    """
    content = read_private(path, "the API key file", _ISSUE)
    try:
        text = content.decode("utf-8")
        table = tomllib.loads(text)
    except UnicodeDecodeError as error:
        raise _malformed(path, content.count(b"\n", 0, error.start) + 1, "not UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        # Its own message may quote the line, and with it a part of a key.
        at = re.search(r"at line (\d+)", str(error))
        raise _malformed(path, int(at[1]) if at else text.count("\n") + 1, "not TOML") from None
    for other in table:
        if other != "keys":
            raise _malformed(path, _line(text, other), "only the table [keys] belongs here")
    keys = table.get("keys", {})
    if not isinstance(keys, dict):
        raise _malformed(path, _line(text, "keys"), "[keys] is not a table")
    if not keys:
        raise FirstlightError("the API key file holds no key", where=str(path), fix=_ISSUE)
    return {name: _key(path, text, name, value) for name, value in keys.items()}


def digest(key: Secret) -> str:
    """The SHA-256 of a key, 64 hex digits: all that a host ever learns of it.

    Neither salt nor a slow hash is needed: they protect what can be guessed. A key holds 256
    random bits, so no table and no search finds it, and no two keys share a digest. A plain
    digest lets the edge look a key up in one step.
    """
    return hashlib.sha256(key.reveal().encode()).hexdigest()


def _key(path: Path, text: str, name: str, value: object) -> Secret:
    if not NAME.fullmatch(name):
        raise _malformed(path, _line(text, name), "the name of the key is malformed")
    prefix = f"fl_{name}_"
    if not isinstance(value, str) or not value.startswith(prefix):
        raise _malformed(path, _line(text, name), f"the key does not begin with {prefix}")
    if not _RANDOM.fullmatch(value.removeprefix(prefix)):
        raise _malformed(path, _line(text, name), f"{prefix} is not followed by 43 characters")
    return Secret(value)


def _line(text: str, name: str) -> int:
    """The line on which ``name`` is defined, for errors; 1 where it cannot be told."""
    at = re.search(rf"(?m)^\s*\[*\s*[\"']?{re.escape(name)}\b", text)
    return text.count("\n", 0, at.start()) + at[0].count("\n") + 1 if at else 1


def _malformed(path: Path, line: int, why: str) -> FirstlightError:
    return FirstlightError(
        "the API key file is malformed",
        where=f"{path}, line {line}",
        why=why,
        fix=f"take the line out and make a new key: {_ISSUE}",
    )
