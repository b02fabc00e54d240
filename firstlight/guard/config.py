"""What the guard is told, as it stands in its configuration file."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from typing import Any

SOCKET = "/run/firstlight-guard/guard.sock"
"""Where the edge finds the guard."""
UPSTREAM = "/run/firstlight-pools/pools.sock"
"""Where the guard finds the edge's pools of engines."""


@dataclass(frozen=True)
class Input:
    """What requests are checked for; see :class:`firstlight.settings.guard.GuardInput`."""

    banned: tuple[str, ...] = ()
    injection: bool = True
    max_chars: int = 200_000
    pii: tuple[str, ...] = ()
    action: str = "reject"


@dataclass(frozen=True)
class Config:
    """All of it. Times are in seconds, sizes in bytes."""

    input: Input = Input()
    output: tuple[str, ...] = ()
    """Kinds of personal data that are masked in answers."""
    threshold: float = 0.4
    language: str = "en"
    nlp: str = "pattern"
    """``pattern``, or the name of a spaCy model in the image."""
    workers: int = 2
    read_timeout: int = 3600
    drain_timeout: int = 30
    body_limit: int = 256 << 20
    socket: str = SOCKET
    upstream: str = UPSTREAM

    @property
    def kinds(self) -> tuple[str, ...]:
        """Every kind that is looked for somewhere."""
        return tuple(dict.fromkeys([*self.input.pii, *self.output]))

    def text(self) -> str:
        """Return the configuration file."""
        return json.dumps(asdict(self), indent=1, sort_keys=True) + "\n"

    @classmethod
    def parse(cls, text: str) -> Config:
        """Read a configuration file. Raises ValueError, TypeError or KeyError for another's."""
        found: dict[str, Any] = json.loads(text)
        given = found.pop("input")
        lists = {"banned", "pii"}
        inner: dict[str, Any] = {
            key: tuple(value) if key in lists else value for key, value in given.items()
        }
        known = {field.name for field in fields(cls)}
        if not set(found) <= known:
            raise ValueError(f"unknown keys: {sorted(set(found) - known)}")
        return cls(**{**found, "input": Input(**inner), "output": tuple(found["output"])})
