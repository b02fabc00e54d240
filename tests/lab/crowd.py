"""Many curls at once: a client that nobody here wrote, over HTTP/1.1 and HTTP/2."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.lab.client import CHAT, Client

SECONDS = 60
SAID = "%{filename_effective} %{http_code} %{http_version} %{time_starttransfer} %{time_total} %{num_connects} %{exitcode}\\n"


@dataclass(frozen=True)
class Outcome:
    """What one request came to: ``first`` byte and ``total`` in seconds, curl's own exit code."""

    status: int
    version: str
    first: float
    total: float
    connects: int
    exit: int
    body: bytes = field(repr=False)


@dataclass(frozen=True)
class Crowd:
    """Requests to send, ``at_once`` of them at a time, each to be over within ``seconds``."""

    client: Client
    bodies: Sequence[Any]
    at_once: int = 50
    flags: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
    path: str = CHAT
    seconds: int = SECONDS

    def _options(self, target: Path, body: Any) -> list[str]:
        """curl's options for one request, in the form of its own file of options."""
        client = self.client
        named = [f"Authorization: Bearer {client.key}"] if client.key else []
        options = {
            "url": f"https://{client.domain}{self.path}",
            "resolve": f"{client.domain}:443:{client.address}",
            "cacert": str(client.ca),
            "output": str(target),
            "write-out": SAID,
            "max-time": str(self.seconds),
        }
        if body is not None:
            given = target.with_suffix(".json")
            given.write_text(json.dumps(body))
            options["json"] = f"@{given}"
        lines = [f"{name} = {json.dumps(value)}" for name, value in options.items()]
        lines += [f"header = {json.dumps(header)}" for header in (*named, *self.headers)]
        return [*lines, "silent", *self.flags]

    def begin(self, folder: str) -> subprocess.Popen[str]:
        """Start curl; answers go to files in ``folder``. The key is not in its command line."""
        parts = [self._options(Path(folder, str(n)), body) for n, body in enumerate(self.bodies)]
        text = "\nnext\n".join("\n".join(part) for part in parts)
        words = ["timeout", str(2 * self.seconds), "curl", "-q", "--silent", "--config", "-"]
        words += ["--parallel", "--parallel-immediate", "--parallel-max", str(self.at_once)]
        pipe = subprocess.PIPE
        process = subprocess.Popen(words, stdin=pipe, stdout=pipe, stderr=pipe, text=True)
        assert process.stdin is not None
        process.stdin.write(text)
        process.stdin.close()
        return process

    def end(self, process: subprocess.Popen[str], folder: str) -> list[Outcome]:
        """Wait for curl and return what each request came to."""
        assert process.stdout is not None and process.stderr is not None
        said, errors = process.stdout.read(), process.stderr.read()
        process.wait(2 * self.seconds)
        found = [outcome(line) for line in said.splitlines()]
        assert len(found) == len(self.bodies), errors
        return found

    def ask(self) -> list[Outcome]:
        """Send all, and return what each came to."""
        with tempfile.TemporaryDirectory() as folder:
            return self.end(self.begin(folder), folder)


def outcome(line: str) -> Outcome:
    """Read one line of curl's, as SAID orders it."""
    answered, status, version, first, total, connects, code = line.split()
    body = Path(answered).read_bytes() if Path(answered).exists() else b""
    return Outcome(int(status), version, float(first), float(total), int(connects), int(code), body)


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value below which ``share`` (0 to 1) of ``values`` lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
