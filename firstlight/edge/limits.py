"""The edge's limits: who is known, which models a key may ask for, how much of it at a time.

nginx counts by itself. A zone counts requests whose key is not empty, so each distinct limit has a
zone, and a client's name is the key of the zones of its own limits alone. Zones are called by
their values: nginx refuses to reload where a zone of the same name is counted by another key.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from firstlight.errors import FirstlightError
from firstlight.keys import Key, Keyring
from firstlight.rendering import render, verbatim
from firstlight.secret import Secret
from firstlight.settings import HostSettings
from firstlight.settings.limits import Class

Value = TypeVar("Value")
MOST = 32
"""How many distinct limits there may be of a kind: each costs a look at every request."""
BUCKET = 1024
"""nginx's map_hash_bucket_size: a digest takes 80 bytes, and a dozen may fall together."""
_STATES = 8000
"""How many clients a megabyte of a zone remembers."""


@dataclass(frozen=True, order=True)
class Rate:
    """``minute`` requests in a minute, and ``burst`` that may come at once above them."""

    minute: int
    burst: int

    @property
    def name(self) -> str:
        """What its zone and its variables are called by."""
        return f"{self.minute}_{self.burst}"

    @property
    def words(self) -> str:
        """The rate as nginx reads it, which knows whole numbers only."""
        whole = self.minute % 60 == 0
        return f"{self.minute // 60}r/s" if whole else f"{self.minute}r/m"

    @property
    def pause(self) -> int:
        """Seconds after which one more request may come, at least 1."""
        return max(1, math.ceil(60 / self.minute))


Ordered = TypeVar("Ordered", Rate, int)


@dataclass(frozen=True)
class Allowed:
    """What one client may do: its rate, and how many of its requests may be in progress."""

    rate: Rate
    concurrency: int


def rate(rps: float, burst: int) -> Rate:
    """Return the rate nearest to ``rps`` requests per second that nginx can count."""
    return Rate(max(1, round(rps * 60)), burst)


def allowed(key: Key, settings: HostSettings) -> Allowed:
    """Return what ``key`` may do: its own limits, or those of its class.

    A key with a rate of its own and no burst may send at once what it may send in two seconds.
    """
    of_class = limits_of(key.klass, settings)
    rps = of_class.rps if key.rps is None else key.rps
    burst = key.burst
    if burst is None:
        burst = of_class.burst if key.rps is None else max(1, math.ceil(2 * rps))
    return Allowed(rate(rps, burst), key.concurrency or of_class.concurrency)


def limits_of(name: str, settings: HostSettings) -> Class:
    """Return the limits of the class called ``name``."""
    found: Class = getattr(settings.edge.classes, name)
    return found


def files(
    keyring: Keyring, settings: HostSettings, jwt_class: str | None
) -> dict[str, str | Secret]:
    """Return the files of the limits by name; ``jwt_class`` is the class of clients with a JWT.

    Raises :class:`FirstlightError` where there are more distinct limits than nginx is given.
    """
    own = {key.name: allowed(key, settings) for key in keyring.keys}
    usual = allowed(Key(""), settings)
    shared = limits_of(jwt_class or "standard", settings)
    people = Allowed(rate(shared.rps, shared.burst), shared.concurrency)
    everyone = [usual, people, *own.values()]
    rates = _few("rates with a burst", (each.rate for each in everyone), settings)
    counts = _few("concurrencies", (each.concurrency for each in everyone), settings)
    strangers = rate(settings.edge.strangers.rps, settings.edge.strangers.burst)
    return {
        "keys.map": Secret(keys_map(keyring)),
        "limits.conf": render(
            "etc/nginx/firstlight/limits.conf",
            usual=usual,
            people=people if jwt_class else None,
            jwt_class=jwt_class,
            classes=_unlike("standard", {key.name: key.klass for key in keyring.keys}),
            models={key.name: f",{','.join(key.models)}," for key in keyring.keys if key.models},
            by_rate=_unlike(usual.rate.name, {name: a.rate.name for name, a in own.items()}),
            by_count=_unlike(usual.concurrency, {name: a.concurrency for name, a in own.items()}),
            rates=rates,
            counts=counts,
            strangers=strangers,
            megabytes=max(4, math.ceil(2 * len(keyring.keys) / _STATES)),
        ),
        "limited.conf": render("etc/nginx/firstlight/limited.conf", rates=rates, counts=counts),
        "stranger.js": verbatim("etc/nginx/firstlight/stranger.js"),
    }


def keys_map(keyring: Keyring) -> str:
    """Return the map of digests to ``NAME`` or ``NAME@EXPIRES``, in the order of the digests.

    Whether a secret has expired is asked at each request: a map says the same at any time.
    """
    records = {
        secret.digest: key.name if secret.expires is None else f"{key.name}@{secret.expires}"
        for key in keyring.keys
        for secret in key.secrets
    }
    return "".join(f'{digest} "{record}";\n' for digest, record in sorted(records.items()))


def map_size(keyring: Keyring) -> int:
    """Return nginx's map_hash_max_size for ``keyring``: a power of two above twice its digests."""
    digests = sum(len(key.secrets) for key in keyring.keys)
    return max(2048, 1 << (2 * digests).bit_length())


def unknown_models(keyring: Keyring, names: Iterable[str]) -> list[str]:
    """Return a line for each model that a key may ask for and that is none of ``names``."""
    known = set(names)
    return [
        f"the API key {key.name} may ask for {', '.join(absent)}, which nothing here serves"
        for key in keyring.keys
        if (absent := [model for model in key.models if model not in known])
    ]


def _unlike(usual: Value, found: dict[str, Value]) -> dict[str, Value]:
    """Return what is not ``usual``: with many keys the maps stay small."""
    return {name: value for name, value in found.items() if value != usual}


def _few(what: str, found: Iterable[Ordered], settings: HostSettings) -> Sequence[Ordered]:
    """Return ``found`` once each, in order. Raises where it is too many."""
    distinct = sorted(set(found))
    if len(distinct) > MOST:
        raise FirstlightError(
            f"the API keys have {len(distinct)} different {what}; {MOST} are possible",
            where=str(settings.edge.api_keys),
            why="each of them is looked at with every request",
            fix="give keys the limits of a class: firstlight keys limits NAME --reset",
        )
    return distinct
