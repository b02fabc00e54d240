"""A client that asks again and again, and remembers when it was answered how."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from types import TracebackType

from tests.lab.client import CHAT, Answer, Client, chat

PAUSE_SECONDS = 0.03


@dataclass
class Watcher:
    """Asks ``client`` for one token until it is left; ``seen`` are (start, end, answer)."""

    client: Client
    seen: list[tuple[float, float, Answer]] = field(default_factory=list)
    _over: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Watcher:
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join(60)

    def _watch(self) -> None:
        while not self._over.wait(PAUSE_SECONDS):
            began = time.monotonic()
            answer = self.client.ask(CHAT, chat(1))
            self.seen.append((began, time.monotonic(), answer))

    @property
    def statuses(self) -> set[int]:
        return {answer.status for _, _, answer in self.seen}

    @property
    def refused(self) -> list[Answer]:
        return [answer for _, _, answer in self.seen if answer.status != 200]

    def outage(self) -> float:
        """Return the seconds from the first refusal to the first answer after the last one."""
        out = [place for place, each in enumerate(self.seen) if each[2].status != 200]
        if not out:
            return 0.0
        after = next(each[1] for each in self.seen[out[-1] + 1 :])
        return after - self.seen[out[0]][0]
