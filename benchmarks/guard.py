"""What the guard costs: the same requests to the same engine, without it and through it.

    python benchmarks/guard.py [LAB]

The host lab1 of a lab must be deployed with a guard (`firstlight lab up --guard`, docs/guards.md).
Both ways begin at a Unix socket on the host and end at the same engine behind the same nginx, in
turns: what differs is the guard alone. Prose has nothing to look at; in the other text every word
is a number. "text" counts until the first character, which the guard holds back for one word.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys

from firstlight.guard.config import SOCKET, UPSTREAM
from firstlight.lab import rack as racks
from firstlight.lab import ssh

ROUNDS = 40
SECONDS = 300
PROSE = "The quick brown fox jumps over the lazy dog and then it walks home to sleep for a while."
NUMBERS = (
    "Call +1 425 882 8080 or 212 555 0142 or 030 1234567 or write to a.b@example.com at 10.0.0.1"
)

# Runs on the host, under its own Python: prints a line of JSON for every request.
INSIDE = r"""
import http.client, json, socket, sys, time
rounds, ways, texts = json.loads(sys.argv[1])

class Unix(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("bench", timeout=60)
        self.path = path
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self.path)

def ask(path, text):
    body = {"model": "tiny", "stream": True, "max_tokens": 200, "grammar": 'root ::= "%s"' % text,
            "messages": [{"role": "user", "content": "Hello"}]}
    began = time.perf_counter()
    link = Unix(path)
    link.request("POST", "/p0/v1/chat/completions", json.dumps(body), {"Content-Type": "application/json"})
    answer, times, first = link.getresponse(), [], 0.0
    if answer.status == 503:  # the engine has ended a kept connection just then
        return None
    assert answer.status == 200, answer.read()
    while line := answer.readline():
        if line.startswith(b"data: {"):
            times.append(time.perf_counter() - began)
            if not first and json.loads(line[6:])["choices"][0]["delta"].get("content"):
                first = times[-1]
    return {"event": times[0], "text": first, "whole": times[-1],
            "token": (times[-1] - times[0]) / max(1, len(times) - 1)}

for count in range(rounds + 3):
    for kind, text in texts.items():
        for name, path in ways.items():
            found = ask(path, text)
            if found and count >= 3:
                print(json.dumps({"way": name, "kind": kind, **found}), flush=True)
"""


def main(lab: str | None = None) -> int:
    """Print a table of milliseconds."""
    rack = racks.require(lab)
    told = json.dumps(
        [ROUNDS, {"direct": UPSTREAM, "guarded": SOCKET}, {"prose": PROSE, "numbers": NUMBERS}]
    )
    quoted = "'" + told.replace("'", "'\\''") + "'"
    words = ssh.command_line(rack, "lab1", ["sudo", "python3", "-", quoted])
    done = subprocess.run(
        words, input=INSIDE, capture_output=True, text=True, timeout=SECONDS, check=False
    )
    if done.returncode:
        print(done.stderr, file=sys.stderr)
        return 1
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    print(f"{'ms':18}" + "".join(f"{name:>16}" for name in ("event", "text", "token", "whole")))
    for kind in ("prose", "numbers"):
        for way in ("direct", "guarded"):
            chosen = [row for row in rows if (row["kind"], row["way"]) == (kind, way)]
            cells = [
                spread([row[key] for row in chosen]) for key in ("event", "text", "token", "whole")
            ]
            print(f"{kind:9}{way:9}" + "".join(f"{cell:>16}" for cell in cells))
    return 0


def spread(seconds: list[float]) -> str:
    """Return the median and the 95th percentile, in milliseconds."""
    cuts = statistics.quantiles(seconds, n=20)
    return f"{1000 * statistics.median(seconds):.2f} / {1000 * cuts[-1]:.2f}"


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
