"""One API key: whose it is, what it may do, and the digests by which it is known."""

from __future__ import annotations

import math
import re
import secrets
from dataclasses import dataclass, replace
from typing import Literal, get_args

from firstlight.secret import Secret

ClassName = Literal["gold", "standard"]
CLASSES: tuple[str, ...] = get_args(ClassName)
NAME = re.compile(r"[a-z][a-z0-9-]{0,30}")
"""A key's name: lower-case letters, digits and '-', at most 31 characters, a letter first."""
RESERVED = "firstlight"
"""The name of the key with which firstlight itself asks whether a host serves."""
MODEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,199}")
"""What a model's public name may be made of: it stands between commas in nginx's maps."""
LOWEST_RATE = 1 / 60
"""nginx counts whole requests in a minute at least."""
LARGEST = 1_000_000
_DIGEST = re.compile(r"[0-9a-f]{64}")
_RANDOM = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True)
class KeySecret:
    """One secret of a key: HMAC-SHA256 of its text (hex), when it was issued and expires.

    Times are seconds since the epoch; ``expires`` is ``None`` for a secret without an end.
    """

    digest: str
    issued: int
    expires: int | None = None

    def works(self, now: int) -> bool:
        """Whether the secret is accepted at the time ``now``."""
        return self.expires is None or now < self.expires


@dataclass(frozen=True)
class Key:
    """A named key: ``models`` it may ask for (none: all), limits that are its own.

    ``rps`` are requests in a second, ``burst`` those that may come at once above that,
    ``concurrency`` requests in progress; ``None`` means what its class has.
    """

    name: str
    klass: ClassName = "standard"
    models: tuple[str, ...] = ()
    rps: float | None = None
    burst: int | None = None
    concurrency: int | None = None
    secrets: tuple[KeySecret, ...] = ()

    def current(self, now: int) -> tuple[KeySecret, ...]:
        """Return the secrets that are accepted at the time ``now``."""
        return tuple(secret for secret in self.secrets if secret.works(now))

    def pruned(self, now: int) -> Key:
        """Return the key without the secrets that no longer work; the last one is kept."""
        return replace(self, secrets=self.current(now) or self.secrets[-1:])

    def mistake(self) -> str:
        """Return what is wrong with the key, without showing any secret; "" if nothing is."""
        if not NAME.fullmatch(self.name):
            return (
                "a name is made of lower-case letters, digits and '-' alone, a letter first, "
                "31 characters at most"
            )
        if self.klass not in CLASSES:
            return f"the class is none of {', '.join(CLASSES)}"
        if not all(isinstance(each, str) and MODEL.fullmatch(each) for each in self.models):
            return "models is not a list of models' names"
        if self.rps is not None and not _rate(self.rps):
            return f"rps is not a number from 0.02 (one in a minute) to {LARGEST}"
        for field in ("burst", "concurrency"):
            if getattr(self, field) is not None and not _count(getattr(self, field)):
                return f"{field} is not a whole number from 1 to {LARGEST}"
        return self._mistaken_secret()

    def _mistaken_secret(self) -> str:
        for each in self.secrets:
            if not isinstance(each.digest, str) or not _DIGEST.fullmatch(each.digest):
                return "a digest is not 64 lower-case hex digits"
            times = (each.issued, 0 if each.expires is None else each.expires)
            if not all(isinstance(t, int) and not isinstance(t, bool) and t >= 0 for t in times):
                return "issued and expires are not seconds since 1970"
        return ""


def new_text(name: str) -> Secret:
    """Return the text of a new secret for ``name``: 256 random bits behind its name."""
    return Secret(f"fl_{name}_{secrets.token_urlsafe(32)}")


def mistaken_text(name: str, text: object) -> str:
    """Return what is wrong with ``text`` as a secret of ``name``, never the text; "" if fine."""
    prefix = f"fl_{name}_"
    if not isinstance(text, str) or not text.startswith(prefix):
        return f"the key does not begin with {prefix}"
    if not _RANDOM.fullmatch(text.removeprefix(prefix)):
        return f"{prefix} is not followed by 43 characters"
    return ""


def _rate(value: object) -> bool:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return number and math.isfinite(value) and LOWEST_RATE <= value <= LARGEST  # type: ignore[arg-type,operator]


def _count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= LARGEST
