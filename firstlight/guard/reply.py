"""The guard's own answers, and its line in the journal about a request."""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from http import HTTPStatus

from firstlight.guard import http

TYPES = {400: "invalid_request_error"}


def problem(status: int, message: str, code: str) -> bytes:
    """Return a whole answer: an error as OpenAI words them, or an empty object for 200."""
    error = {"message": message, "type": TYPES.get(status, "server_error"), "param": None}
    found = {"error": {**error, "code": code}} if status >= 400 else {}
    text = json.dumps(found).encode()
    headers = [("content-type", "application/json"), ("content-length", str(len(text)))]
    phrase = HTTPStatus(status).phrase
    return (
        http.head_bytes(f"HTTP/1.1 {status} {phrase}", [*headers, ("connection", "close")]) + text
    )


@dataclass
class Record:
    """What is said of a request: kinds and counts, never a word of prompt, answer or finding."""

    path: str = ""
    status: int = 0
    refused: str = ""
    ended: str = ""
    headed: bool = False
    """Whether the client has the head of an answer already."""
    masked_in: Counter[str] = field(default_factory=Counter)
    masked_out: Counter[str] = field(default_factory=Counter)
    began: float = field(default_factory=time.monotonic)

    def write(self) -> None:
        """Write one line where something was found, refused or went wrong."""
        said = {
            "path": self.path.split("?")[0],
            "refused": self.refused,
            "ended": self.ended,
            "masked_in": dict(self.masked_in),
            "masked_out": dict(self.masked_out),
        }
        if any(value for key, value in said.items() if key != "path"):
            found = {key: value for key, value in said.items() if value}
            seconds = round(time.monotonic() - self.began, 3)
            print(json.dumps({**found, "seconds": seconds}), file=sys.stderr, flush=True)
