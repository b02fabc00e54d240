"""Who is being answered and who waits, counted; and the pace of what is answered."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

LONGEST_WAIT = 600.0
"""Seconds after which a request that waits is answered all the same."""


def number(name: str, default: float) -> float:
    """A number from the environment variable ``name``."""
    return float(os.environ.get(name) or default)


@dataclass
class Desk:
    """At most ``limit`` requests are answered at a time and ``queue`` more wait; others go away."""

    limit: int
    queue: int
    running: int = 0
    waiting: int = 0
    finished: int = 0
    refused: int = 0
    aborted: int = 0
    tokens: int = 0
    _changed: threading.Condition = field(default_factory=threading.Condition)

    @contextlib.contextmanager
    def place(self) -> Iterator[bool]:
        """A place while the block runs, perhaps after a wait; False if there was none left."""
        with self._changed:
            taken = self.running < self.limit or self.waiting < self.queue
            if taken:
                self.waiting += 1
                self._changed.wait_for(lambda: self.running < self.limit, LONGEST_WAIT)
                self.waiting -= 1
                self.running += 1
            else:
                self.refused += 1
        try:
            yield taken
        finally:
            if taken:
                with self._changed:
                    self.running -= 1
                    self.finished += 1
                    self._changed.notify_all()

    def empty(self, limit: float) -> bool:
        """Wait at most ``limit`` seconds until nobody is here; whether that came."""
        with self._changed:
            return self._changed.wait_for(lambda: self.running + self.waiting == 0, limit)
