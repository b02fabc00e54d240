"""How keys are shown: everything about them but the key itself."""

from __future__ import annotations

import datetime

from firstlight.keys import Key, Keyring, KeySecret

_COLUMNS = ("NAME", "CLASS", "MODELS", "LIMITS", "DIGEST", "ISSUED", "EXPIRES")


def table(keyring: Keyring, now: int) -> str:
    """Return ``keyring`` as a table with a line for each secret."""
    rows = [_COLUMNS]
    for key in keyring.keys:
        for position, secret in enumerate(key.secrets):
            about = (key.name, key.klass, _models(key), _limits(key))
            shown = about if position == 0 else (key.name, "", "", "")
            rows.append((*shown, secret.digest[:12], _day(secret.issued), _end(secret, now)))
    widths = [max(len(row[column]) for row in rows) for column in range(len(_COLUMNS))]
    lines = ("  ".join(f"{text:<{w}}" for text, w in zip(row, widths, strict=True)) for row in rows)
    return "".join(f"{line.rstrip()}\n" for line in lines)


def line(key: Key) -> str:
    """Return what ``key`` may do, in one line."""
    return f"{key.name}: class {key.klass}, models {_models(key)}, limits {_limits(key)}"


def _models(key: Key) -> str:
    return ",".join(key.models) or "all"


def _limits(key: Key) -> str:
    own = {"rps": key.rps, "burst": key.burst, "concurrency": key.concurrency}
    return " ".join(f"{name} {value:g}" for name, value in own.items() if value) or "class"


def _day(epoch: int) -> str:
    at = datetime.datetime.fromtimestamp(epoch, datetime.UTC)
    return f"{at:%Y-%m-%d %H:%M}Z" if epoch else "unknown"


def _end(secret: KeySecret, now: int) -> str:
    if secret.expires is None:
        return "never"
    return ("" if secret.works(now) else "expired ") + _day(secret.expires)
