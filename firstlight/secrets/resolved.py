"""Secrets had from their sources: each source asked once in a run, the secret in memory only."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from firstlight.errors import FirstlightError
from firstlight.private_file import read_private
from firstlight.secret import Secret
from firstlight.secrets import IDENTITY
from firstlight.secrets.program import hide, printed

if TYPE_CHECKING:
    from firstlight.settings.secret_source import SecretSource

Shape = Literal["word", "text"]
"""``word``: ASCII without spaces, as a token; ``text``: any number of lines, as a PEM."""

_had: dict[SecretSource, bytes | FirstlightError] = {}
_asking = threading.Lock()
"""One at a time: two programs that ask at the same terminal would both be answered wrong."""


def resolved(source: SecretSource, what: str, shape: Shape = "word") -> Secret:
    """Return the secret that ``source`` names, without the blanks around it.

    ``what`` names it in errors. A program runs once for all hosts and settings that name the same
    source, also where it fails. Raises :class:`FirstlightError`, which never shows the secret.
    """
    with _asking:
        found = _had.get(source)
        if found is None:
            try:
                found = _asked(source, what)
            except FirstlightError as error:
                found = error
            if source.file is None:  # files change, and cost nothing to read again
                _had[source] = found
    if isinstance(found, FirstlightError):
        raise found
    return _shaped(found, source, what, shape)


def forget() -> None:
    """Forget every secret: the next one asked for is had from its source again."""
    with _asking:
        _had.clear()


def _asked(source: SecretSource, what: str) -> bytes:
    if source.file is not None:
        return read_private(source.file, f"the file of {what}", "write it into it, with mode 0600")
    if source.age is not None:
        identity = _identity(source.identity or Path(IDENTITY).expanduser(), what)
        words = ["age", "--decrypt", "--identity", str(identity), str(source.age.absolute())]
        fix = "install age, or name the identity of a recipient: age --decrypt shows what it says"
        return printed(words, what, source.where, fix)
    if source.sops is not None:
        return _of_sops(source, what)
    if source.env is not None:
        return _of_environment(source.env, what)
    if source.command is not None:
        fix = "run it in this folder: it has to be there, print the secret and end with code 0"
        return printed(source.command, what, source.where, fix)
    raise FirstlightError(
        f"{what} is not on the control machine",
        where=source.where,
        why="a systemd credential stays on its host",
        fix="name a source that this machine can read (docs/secrets.md)",
    )


def _identity(path: Path, what: str) -> Path:
    read_private(path, f"the age identity for {what}", f"name it: identity; by default {IDENTITY}")
    return path


def _of_sops(source: SecretSource, what: str) -> bytes:
    assert source.sops is not None and source.key is not None  # the settings were checked
    words = source.key.split(".")
    place = "".join(f"[{word}]" if word.isdecimal() else f'["{word}"]' for word in words)
    environment = {}
    if source.identity is not None:
        environment["SOPS_AGE_KEY_FILE"] = str(_identity(source.identity, what))
    command = ["sops", "--decrypt", "--extract", place, str(source.sops.absolute())]
    fix = "install sops, and have one of the file's keys here (identity, or as sops finds it)"
    return printed(command, what, source.where, fix, environment)


def _of_environment(name: str, what: str) -> bytes:
    hide(name)
    value = os.environb.get(name.encode(), b"")
    if not value:
        state = "empty" if name in os.environ else "not set"
        raise FirstlightError(
            f"{what} cannot be had",
            where=f"environment variable {name}",
            why=f"it is {state}",
            fix=f"read -rs {name} && export {name}, in the shell that runs this",
        )
    return value


def _shaped(content: bytes, source: SecretSource, what: str, shape: Shape) -> Secret:
    try:
        text = content.decode("ascii" if shape == "word" else "utf-8").strip()
    except UnicodeDecodeError:
        raise _malformed(source, what, "it is not plain text") from None
    if not text:
        raise _malformed(source, what, "it is empty")
    if "\0" in text or (shape == "word" and len(text.split()) != 1):
        lines = len(text.splitlines())
        why = f"it has {lines} lines" if lines > 1 else "it has blanks inside"
        raise _malformed(source, what, why)
    return Secret(text)


def _malformed(source: SecretSource, what: str, why: str) -> FirstlightError:
    return FirstlightError(
        f"what came is not {what}",
        where=source.where,
        why=why,
        fix="have the source hold the secret and nothing else",
    )
