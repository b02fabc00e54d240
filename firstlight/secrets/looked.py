"""What can be known of a secret's source without having the secret: asked of every host.

Nothing is decrypted and no program runs: a run of one host asks for no key that only another one
needs, and a colleague without the keys can still check an inventory.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from firstlight.errors import FirstlightError
from firstlight.private_file import read_private
from firstlight.secrets.program import hide

if TYPE_CHECKING:
    from firstlight.settings.secret_source import SecretSource

_AGE = (b"age-encryption.org/v1\n", b"-----BEGIN AGE ENCRYPTED FILE-----")
_LARGEST = 2**20
_SOPS = "sops --encrypt --in-place"


def looked_at(source: SecretSource, what: str) -> None:
    """Raise :class:`FirstlightError` for what is wrong with ``source`` whoever asks.

    ``what`` names the secret. Whether a program, a variable or an identity is there is another
    machine's business until a host of the run needs the secret.
    """
    if source.file is not None:
        read_private(source.file, f"the file of {what}", "write it into it, with mode 0600")
    elif source.age is not None:
        content = _content(source.age, what)
        if not content.startswith(_AGE):
            raise FirstlightError(
                f"the file of {what} is not encrypted with age",
                where=str(source.age),
                fix=f"age --encrypt --recipient age1… --output '{source.age}', then replace {what} "
                "if others could read it",
            )
    elif source.sops is not None:
        _sops(source.sops, str(source.key), what)
    elif source.env is not None:
        hide(source.env)


def _content(path: Path, what: str) -> bytes:
    try:
        if not path.is_file():
            raise FirstlightError(
                f"the encrypted file of {what} is missing", where=str(path), fix="correct its path"
            )
        with path.open("rb") as file:
            return file.read(_LARGEST)
    except OSError as error:
        why = error.strerror or str(error)
        what = f"the encrypted file of {what} cannot be read"
        raise FirstlightError(what, where=str(path), why=why, fix="check its owner") from None


def _sops(path: Path, key: str, what: str) -> None:
    """Look for ``key``: sops encrypts values and leaves their names as they are."""
    content = _content(path, what)
    parsed = _parsed(path, content)
    if parsed is None:  # .env and .ini: sops itself knows them
        return
    if not isinstance(parsed, Mapping) or "sops" not in parsed:
        raise FirstlightError(
            f"the file of {what} is not encrypted with sops",
            where=str(path),
            why="it has no key sops",
            fix=f"{_SOPS} '{path}', and replace {what} if others could read it",
        )
    found: Any = parsed
    done: list[str] = []
    for word in key.split("."):
        here: Any = found
        if isinstance(found, list) and word.isdecimal():
            found = found[int(word)] if int(word) < len(found) else None
        else:
            found = found.get(word) if isinstance(found, Mapping) else None
        if found is None:
            raise _unknown(path, what, here, word, done)
        done.append(word)
    if not isinstance(found, str) or not found.startswith("ENC["):
        raise FirstlightError(
            f"{what} is not encrypted in its file",
            where=f"{path}: {key}",
            why="sops leaves empty values, and keys with certain ends, as they are",
            fix=f"sops '{path}' fills it in; the rules for keys stand in .sops.yaml",
        )


def _unknown(path: Path, what: str, here: Any, word: str, done: list[str]) -> FirstlightError:
    names = [str(name) for name in here if name != "sops"] if isinstance(here, Mapping) else []
    close = difflib.get_close_matches(word, names, n=1, cutoff=0.6)
    below = f" below {'.'.join(done)}" if done else ""
    return FirstlightError(
        f"the file of {what} has no key {word}{below}",
        where=str(path),
        why=f'did you mean "{close[0]}"?' if close else f"it has {', '.join(names[:12]) or 'none'}",
        fix=f"correct key, or add it: sops '{path}'",
    )


def _parsed(path: Path, content: bytes) -> Any:
    try:
        if path.suffix in (".yaml", ".yml"):
            return yaml.safe_load(content) or {}
        return json.loads(content) if path.suffix == ".json" else None
    except (ValueError, yaml.YAMLError, RecursionError):
        raise FirstlightError(
            "the file of secrets cannot be read",
            where=str(path),
            why=f"it is not {path.suffix.removeprefix('.')}",
            fix=f"sops '{path}' shows and mends it",
        ) from None
