"""Changes of the API key file: one at a time, each whole or not at all."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from firstlight.errors import FirstlightError
from firstlight.keys.delivery import Delivery
from firstlight.keys.key import RESERVED, ClassName, Key, KeySecret, new_text
from firstlight.keys.keyring import Keyring
from firstlight.keys.read import load
from firstlight.private_file import locked, write_private
from firstlight.secret import Secret

MOST_SECRETS = 8
"""How many secrets of one key may work at once: each rotation with overlap adds one."""


def issue(
    path: Path,
    name: str,
    *,
    klass: ClassName = "standard",
    models: tuple[str, ...] = (),
    rps: float | None = None,
    burst: int | None = None,
    concurrency: int | None = None,
    life: int | None = None,
    to: Path | None = None,
    now: int | None = None,
) -> Secret:
    """Make a key for ``name``, add it to the file at ``path`` and return its text, this once.

    ``life`` is how long it works, in seconds; with ``to`` the text is kept there too, 0600.
    Raises :class:`FirstlightError` where a value is malformed or the name has a key already;
    then nothing is written.
    """
    text, at = new_text(name), _clock(now)
    key = Key(name, klass, models, rps, burst, concurrency)
    _refuse(path, key)

    def add(keyring: Keyring) -> Keyring:
        if keyring.get(name) is not None:
            raise FirstlightError(
                f"there is an API key named {name} already",
                where=str(path),
                why="a key is shown only once and never replaced in passing",
                fix=f"choose another name, or run firstlight keys rotate {name}",
            )
        return keyring.having(replace(key, secrets=(_secret(keyring, text, at, life),)))

    _write(path, add, at, Delivery(name, text, to) if to else None)
    return text


def rotate(
    path: Path,
    name: str,
    overlap: int,
    *,
    life: int | None = None,
    to: Path | None = None,
    now: int | None = None,
) -> Secret:
    """Give ``name`` a further secret and return its text; the others work ``overlap`` s longer.

    Without ``life`` the new one lives as long as the last one was meant to.
    Raises :class:`FirstlightError` where there is no such key, or where too many of its
    secrets still work.
    """
    text, at = new_text(name), _clock(now)

    def turn(keyring: Keyring) -> Keyring:
        key, end = _held(path, keyring, name), at + overlap
        last = key.secrets[-1]
        lives = last.expires - last.issued if life is None and last.expires else life
        old = [
            replace(each, expires=end if each.expires is None else min(end, each.expires))
            for each in key.current(at)
        ]
        if overlap and len(old) >= MOST_SECRETS:
            raise FirstlightError(
                f"{name} has {len(old)} secrets that still work",
                where=str(path),
                why="each rotation with an overlap leaves one more",
                fix=f"wait until they expire, or run firstlight keys rotate {name} --overlap 0s",
            )
        kept = tuple(old) if overlap else ()
        new = _secret(keyring, text, at, lives)
        return keyring.having(replace(key, secrets=(*kept, new)))

    _write(path, turn, at, Delivery(name, text, to) if to else None)
    return text


def revoke(path: Path, name: str, *, now: int | None = None) -> None:
    """Take the key of ``name``, with all its secrets, out of the file at ``path``.

    Raises :class:`FirstlightError` where there is no such key.
    """

    def drop(keyring: Keyring) -> Keyring:
        return keyring.without(_held(path, keyring, name).name)

    _write(path, drop, _clock(now))


def change(path: Path, name: str, changed: Callable[[Key], Key], *, now: int | None = None) -> Key:
    """Replace the key of ``name`` by what ``changed`` makes of it, and return that.

    Raises :class:`FirstlightError` where there is no such key or the new values are malformed.
    """
    found: list[Key] = []

    def put(keyring: Keyring) -> Keyring:
        found.append(changed(_held(path, keyring, name)))
        _refuse(path, found[-1])
        return keyring.having(found[-1])

    _write(path, put, _clock(now))
    return found[-1]


def named(path: Path, name: str) -> Key:
    """Return the key of ``name`` in the file at ``path``.

    Raises :class:`FirstlightError` where there is none.
    """
    return _held(path, load(path), name)


def _write(
    path: Path, make: Callable[[Keyring], Keyring], now: int, delivery: Delivery | None = None
) -> None:
    """Write the file anew, alone, and deliver a new key; where that fails it is as before."""
    with locked(path.parent):
        there = path.exists()
        keyring = load(path) if there else Keyring.new()
        held = path.read_bytes() if there else b""
        after = make(keyring).pruned(now)
        if delivery is not None:
            delivery.refuse_other(path)
        write_private(path, after.text().encode())
        try:
            if delivery is not None:
                delivery.make()
        except BaseException:
            # A key that nobody ever saw would only be in the way.
            if there:
                write_private(path, held)
            else:
                path.unlink()
            raise


def _secret(keyring: Keyring, text: Secret, now: int, life: int | None) -> KeySecret:
    return KeySecret(keyring.digest(text), now, None if life is None else now + life)


def _held(path: Path, keyring: Keyring, name: str) -> Key:
    key = keyring.get(name)
    if key is None:
        own = name == RESERVED
        raise FirstlightError(
            f"there is no API key named {name}",
            where=str(path),
            why=f"{RESERVED} is firstlight's own key, in probe.key beside it" if own else "",
            fix="firstlight keys list --site SITE",
        )
    return key


def _refuse(path: Path, key: Key) -> None:
    if why := key.mistake():
        what = "the name of the API key" if "name is" in why else "a value of the API key"
        fix = "firstlight keys issue alice --site SITE" if "name is" in why else "give another"
        raise FirstlightError(f"{what} is malformed", where=str(path), why=why, fix=fix)
    if key.name == RESERVED:
        raise FirstlightError(
            f"the name {RESERVED} is firstlight's own",
            where=str(path),
            why="with a key of this name it asks whether a host serves",
            fix="choose another name",
        )


def _clock(now: int | None) -> int:
    return int(time.time()) if now is None else now
