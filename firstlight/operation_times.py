"""How long every operation took on every host, told as pyinfra goes along."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from pyinfra.api import BaseStateCallback, State


class OperationTimes(BaseStateCallback):
    """Hands the duration of every operation on every host to a listener."""

    def __init__(self, listener: Callable[[str, str, float], None]) -> None:
        self._listener = listener
        self._started: dict[tuple[str, str], float] = {}

    def operation_host_start(self, state: State, host: Any, op_hash: str) -> None:  # type: ignore[override]
        self._started[host.name, op_hash] = time.monotonic()

    def operation_host_success(  # type: ignore[override]
        self, state: State, host: Any, op_hash: str, retry_count: int = 0
    ) -> None:
        started = self._started.pop((host.name, op_hash), None)
        if started is not None:
            name = min(state.get_op_meta(op_hash).names)
            self._listener(host.name, name, time.monotonic() - started)


def listen_to_operations(state: State, listener: Callable[[str, str, float], None]) -> None:
    """Call ``listener(host, operation name, seconds)`` after every operation that succeeds."""
    state.add_callback_handler(OperationTimes(listener))  # type: ignore[no-untyped-call]
