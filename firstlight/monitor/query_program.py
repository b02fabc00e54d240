"""Runs on a monitor, read from its standard input: asks Prometheus and Alertmanager, and answers.

Its one argument comes as a Python literal behind the program itself (:mod:`firstlight.monitor.query`),
so that no shell ever sees a query. It writes nothing on the host. The answer is JSON, compressed, in
lines that begin with :data:`MARK`: whatever else a login prints is not taken for it.
"""

from __future__ import annotations

import base64
import http.client
import json
import math
import time
import urllib.parse
import zlib
from typing import Any

MARK = "firstlight-answer "
LINE = 8000
# Of one answer and of all: more than a thousand GPUs need, and little enough for any machine.
LARGEST = 32 * 1024 * 1024
ALL = 128 * 1024 * 1024


class Asked:
    """One daemon on this host, asked over one connection for as long as it holds."""

    def __init__(self, port: int, until: float) -> None:
        self.port = port
        self.until = until
        self.read = 0
        self.connection: http.client.HTTPConnection | None = None

    def get(self, method: str, path: str, fields: dict[str, str]) -> Any:
        """Return the JSON that it answers. Raises OSError, HTTPException and ValueError."""
        left = self.until - time.monotonic()
        if left <= 0:
            raise TimeoutError("the time for all questions is over")
        if self.connection is None:
            self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=left)
        body = urllib.parse.urlencode(fields) if fields else None
        headers = {"Content-Type": "application/x-www-form-urlencoded"} if body else {}
        try:
            self.connection.request(method, path, body, headers)
            answer = self.connection.getresponse()
            text = answer.read(LARGEST + 1)
        except (OSError, http.client.HTTPException):
            self.connection.close()
            self.connection = None
            raise
        self.read += len(text)
        if len(text) > LARGEST or self.read > ALL:
            raise ValueError("its answer is too large")
        try:
            return json.loads(text)
        except ValueError:
            said = text[:200].decode("utf-8", "replace").strip()
            raise ValueError(f"HTTP {answer.status}: {said}") from None


def answered(asked: Asked, method: str, path: str, fields: dict[str, str]) -> dict[str, Any]:
    """Return what was answered, or why nothing was; ``silent`` where nobody listens at all."""
    try:
        return {"said": asked.get(method, path, fields)}
    except (OSError, http.client.HTTPException) as error:
        return {"error": str(error) or type(error).__name__, "silent": True}
    except ValueError as error:
        return {"error": str(error), "silent": False}


def reduced(answer: dict[str, Any], keep: int) -> dict[str, Any]:
    """Keep the series of a query that matter most: those with the largest values."""
    said = answer.get("said")
    if not isinstance(said, dict) or said.get("status") != "success":
        if isinstance(said, dict):
            return {"error": str(said.get("error", "it failed"))[:500], "silent": False}
        return answer
    series = said["data"]["result"] if isinstance(said.get("data"), dict) else []
    shown = sorted(series, key=weight, reverse=True)[:keep] if len(series) > keep else series
    return {"said": shown, "left": len(series) - len(shown)}


def weight(series: dict[str, Any]) -> float:
    """Return the largest value of a series."""
    points = series.get("values") or [series.get("value") or [0, "NaN"]]
    found = [float(text) for _, text in points]
    return max((each for each in found if not math.isnan(each)), default=float("-inf"))


def replies(wanted: dict[str, Any]) -> dict[str, Any]:
    """Answer everything that is ``wanted``; nothing more is asked of a daemon that is silent."""
    until = time.monotonic() + wanted["seconds"]
    ends = {name: Asked(port, until) for name, port in wanted["ports"].items()}
    found: dict[str, Any] = {}
    silent: dict[str, dict[str, Any]] = {}
    for name, (end, path, fields, keep) in wanted["asked"].items():
        if end in silent:
            found[name] = silent[end]
            continue
        answer = answered(ends[end], "POST" if fields else "GET", path, fields)
        if answer.get("silent"):
            silent[end] = answer
        found[name] = reduced(answer, keep) if keep else answer
    return {"clock": time.time(), "answers": found}


def told(answer: dict[str, Any]) -> str:
    """Return the lines that say ``answer``."""
    packed = zlib.compress(json.dumps(answer).encode("ascii"), 6)
    text = base64.b64encode(packed).decode("ascii")
    return "\n".join(MARK + text[at : at + LINE] for at in range(0, len(text), LINE))
