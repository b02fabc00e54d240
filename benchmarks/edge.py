"""Direct and through the edge, side by side: throughput and time to the first token.

    python -m benchmarks.edge            (after `firstlight lab up --name bench`, keys and a deploy)

h2load runs on the lab host itself and asks over loopback: the engine's own port with its backend
secret, and the edge by TLS. It is a C program that others wrote and keeps 64 streams busy with a
tenth of a core, so that it is not what is measured. Rounds take turns, so that a busy machine
spoils both sides. The engine is llama.cpp with its tiny model, or tells its answer at once
(SIMULATED), which shows the edge's own cost. Prints a Markdown table and JSON.
"""

from __future__ import annotations

import json
import os
import re
import statistics
import sys
from dataclasses import dataclass
from typing import Any

os.environ.setdefault("FIRSTLIGHT_TEST_LAB", os.environ.get("FIRSTLIGHT_LAB", "bench"))

from tests.lab import lab_keys
from tests.lab.rack import TestRack
from tests.lab.told import told

HOST, STREAMS, ROUNDS, TOKENS = "lab1", 64, 5, 16
# llama.cpp ends its connection with every stream, which h2load takes for a failure: one for each.
REQUESTS = {"SIMULATED engine": 640, "llama.cpp": STREAMS}
CHAT = "/v1/chat/completions"
PORT = 8000
WAYS = ("direct", "edge h1", "edge h2")
INSTALL = (
    "command -v h2load >/dev/null || { apt-get -qq update; apt-get -qq -y install nghttp2-client; }"
)
RATE = re.compile(r"finished in [\d.]+m?s, ([\d.]+) req/s")
DONE = re.compile(r"(\d+) succeeded, (\d+) failed")


@dataclass(frozen=True)
class Round:
    """One way, once: requests per second, and milliseconds to the first byte of each stream."""

    rate: float
    first: list[float]


def prepare(rack: TestRack, prompt: str) -> None:
    """Put h2load, the request's body and the headers on the host, private to root."""
    body = {"model": "tiny", "stream": True, "max_tokens": TOKENS,
            "messages": [{"role": "user", "content": prompt}]}  # fmt: skip
    rack.sh(HOST, INSTALL, timeout=180)
    key = lab_keys.key_text(rack.state, "crowd")
    rack.sh(
        HOST,
        f"""umask 077; mkdir -p /run/bench
cat >/run/bench/body <<'END'
{json.dumps(body)}
END
cat >/run/bench/key <<'END'
{key}
END
grep -rhoE 'Bearer [A-Za-z0-9_-]+' /etc/nginx/firstlight/current/backend.conf \\
  | head -1 | cut -c8- >/run/bench/backend""",
    )


def command(way: str, name: str, requests: int) -> str:
    """h2load's command line for one way; its headers stand in files of root's."""
    flags = (
        f"-n {requests} -c {STREAMS} -t 1 -d /run/bench/body -H 'content-type: application/json'"
    )
    if way == "direct":
        return (
            f'h2load --h1 {flags} -H "authorization: Bearer $(cat /run/bench/backend)" '
            f"http://127.0.0.1:{PORT}{CHAT}"
        )
    http = "--h1" if way.endswith("h1") else "--npn-list=h2"
    return (
        f'h2load {http} {flags} -H "authorization: Bearer $(cat /run/bench/key)" '
        f"--connect-to=127.0.0.1:443 https://{name}{CHAT}"
    )


def measured(rack: TestRack, way: str, requests: int) -> Round:
    """Run one round; a request that fails ends the benchmark."""
    said = rack.sh(HOST, command(way, f"{HOST}.firstlight.internal", requests), timeout=300).out
    good, bad = map(int, DONE.findall(said)[0])
    if bad or good != requests:
        sys.exit(f"{way}: {bad} of {requests} failed\n{said}")
    return Round(float(RATE.findall(said)[0]), firsts(rack, way))


def firsts(rack: TestRack, way: str) -> list[float]:
    """Milliseconds to the first byte of each of 64 streams that begin together, by curl."""
    write = "%{time_pretransfer} %{time_starttransfer}\\n"
    url, secret = f"http://127.0.0.1:{PORT}{CHAT}", "backend"
    extra = ""
    if way != "direct":
        name = f"{HOST}.firstlight.internal"
        url, secret = f"https://{name}{CHAT}", "key"
        extra = f"-k --resolve {name}:443:127.0.0.1 --http{'2' if way.endswith('2') else '1.1'}"
    ask = (
        f"curl -s -Z --parallel-immediate --parallel-max {STREAMS} {extra} "
        f"-H \"authorization: Bearer $(cat /run/bench/{secret})\" -H 'content-type: application/json' "
        f"-d @/run/bench/body -w '{write}' -o '/dev/null' " + " ".join([f"{url}?n=[1-{STREAMS}]"])
    )
    pairs = (line.split() for line in rack.sh(HOST, ask, timeout=120).out.splitlines())
    return [1000 * (float(first) - float(ready)) for ready, first in pairs]


def compared(rounds: dict[str, list[Round]]) -> dict[str, Any]:
    """The figures of each way, and their ratios to those without the edge."""
    found: dict[str, Any] = {}
    for way, each in rounds.items():
        first = sorted(value for one in each for value in one.first)
        found[way] = {
            "requests/s": round(statistics.median(one.rate for one in each), 1),
            "tokens/s": round(statistics.median(one.rate for one in each) * TOKENS),
            "ttft p50 ms": round(statistics.median(first), 2),
            "ttft p95 ms": round(first[int(0.95 * (len(first) - 1))], 2),
        }
    direct = found["direct"]
    for values in found.values():
        values["throughput %"] = round(100 * values["requests/s"] / direct["requests/s"], 1)
        values["ttft p50 added ms"] = round(values["ttft p50 ms"] - direct["ttft p50 ms"], 2)
    return found


def side_by_side(rack: TestRack, title: str, keys: int, prompt: str) -> dict[str, Any]:
    """Measure every way in turns, and print the table."""
    prepare(rack, prompt)
    rounds: dict[str, list[Round]] = {way: [] for way in WAYS}
    for _ in range(ROUNDS):
        for way in WAYS:
            rounds[way].append(measured(rack, way, REQUESTS[title]))
    found = compared(rounds)
    heads = list(found["direct"])
    print(f"\n| {title}, {keys} keys | {' | '.join(heads)} |\n|---|{'---|' * len(heads)}")
    for way, values in found.items():
        print(f"| {way} | {' | '.join(str(values[head]) for head in heads)} |", flush=True)
    return found


def main() -> None:
    """Measure what stands on the lab's host, with as many keys as its site has."""
    rack = TestRack.load()
    keys = int(rack.sh(HOST, "grep -c . /etc/nginx/firstlight/current/keys.map").out)
    found: dict[str, Any] = {"keys": keys, "streams": STREAMS}
    with told(rack, HOST):
        found["fake"] = side_by_side(rack, "SIMULATED engine", keys, f"bench say {TOKENS}")
    found["llama.cpp"] = side_by_side(rack, "llama.cpp", keys, "Hello")
    print(json.dumps(found))


if __name__ == "__main__":
    main()
