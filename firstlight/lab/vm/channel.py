"""A conversation in lines of JSON with QEMU (QMP) or with the agent inside a guest."""

from __future__ import annotations

import contextlib
import json
import socket
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from firstlight.errors import FirstlightError

LINE_BYTES = 64 * 2**20


class Channel:
    """A connection to the UNIX socket at ``path``; every wait is bounded.

    Raises FirstlightError where nobody listens, answers in time, or the answer is an error.
    """

    def __init__(self, path: Path, seconds: float) -> None:
        self.path = path
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
        self.pending = b""
        self.socket.settimeout(seconds)
        try:
            self.socket.connect(str(path))
        except OSError as error:
            self.socket.close()
            raise self._failed(str(error)) from error

    def __enter__(self) -> Channel:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.socket.close()

    def ask(
        self, command: str, arguments: Mapping[str, Any] | None = None, seconds: float = 10
    ) -> Any:
        """Run ``command``; what it returns. Events that come meanwhile are passed over."""
        self.send(command, arguments)
        deadline = time.monotonic() + seconds
        while True:
            answer = self.receive(deadline - time.monotonic())
            if "error" in answer:
                raise self._failed(f"{command}: {answer['error'].get('desc', answer['error'])}")
            if "return" in answer:
                return answer["return"]

    def send(self, command: str, arguments: Mapping[str, Any] | None = None) -> None:
        """Send ``command`` without waiting for what comes of it."""
        line = json.dumps({"execute": command, "arguments": dict(arguments or {})})
        try:
            self.socket.sendall(f"{line}\n".encode())
        except OSError as error:
            raise self._failed(str(error)) from error

    def receive(self, seconds: float) -> dict[str, Any]:
        """The next object the other side sends."""
        deadline = time.monotonic() + seconds
        while b"\n" not in self.pending:
            self.socket.settimeout(max(deadline - time.monotonic(), 0.001))
            try:
                data = self.socket.recv(65536)
            except OSError as error:
                raise self._failed(f"no answer within {seconds:.0f} s ({error})") from error
            if not data or len(self.pending) > LINE_BYTES:
                raise self._failed("it closed the connection")
            self.pending += data
        line, _, self.pending = self.pending.partition(b"\n")
        with contextlib.suppress(ValueError):
            found = json.loads(line.lstrip(b"\xff"))
            if isinstance(found, dict):
                return found
        return {}

    def _failed(self, why: str) -> FirstlightError:
        return FirstlightError("the virtual machine does not answer", where=str(self.path), why=why)
