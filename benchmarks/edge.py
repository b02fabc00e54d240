"""Direct and through the edge, side by side: throughput and time to the first token.

    FIRSTLIGHT_LAB=bench python -m benchmarks.edge     (after `firstlight lab up --name bench`)

It deploys to lab1 of that lab, and measures on that host, over loopback and on kept connections.
Rounds take turns, so that a busy machine spoils all sides. The engine is SIMULATED, in two ways:
paced like a GPU (64 streams, 40 tokens a second each), and one that tells all at once, which shows
the edge's own cost. The same with 10,000 keys. Prints Markdown tables.
"""

from __future__ import annotations

import os
import secrets
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("FIRSTLIGHT_TEST_LAB", os.environ.get("FIRSTLIGHT_LAB", "bench"))

from benchmarks.edge_client import HOST, STREAMS, Round, measured, prepare
from firstlight import keys
from firstlight.private_file import write_private
from tests.lab import lab_keys
from tests.lab.rack import BIN, LAB, TestRack, command, firstlight
from tests.lab.told import told

ROUNDS, MANY = 3, 10_000
TOKENS, MILLISECONDS = 80, 25
AT_ONCE = 16
MORE = f"edge h1, {MANY:,} keys"
WAYS = ("direct", "edge h1", "edge h2", MORE)
CURRENT = "/etc/nginx/firstlight/current"
# As an edge's own switch, without its look from outside.
SWITCH = """
ln -sfn {release} {current}.bench && mv -fT {current}.bench {current} && systemctl reload nginx
for i in $(seq 100); do
  [ "$(curl -s -m 2 --unix-socket /run/firstlight-edge.sock http://edge/release)" = {name} ] &&
    ! pgrep -f 'nginx: worker process is shutting down' >/dev/null && exit 0
  sleep 0.1
done
exit 1
"""


def edge_deployed(rack: TestRack) -> str:
    """Give lab1's edge the keys of the site, and return the folder of its release."""
    words = (str(BIN / "pyinfra"), "-y", "--limit", HOST, "inventories/lab.py", "deploys/edge.py")
    run = command(*words, timeout=300, ENGINE="llamacpp")
    assert run.code == 0, run.text
    return rack.sh(HOST, f"readlink {CURRENT}").out.strip()


@contextmanager
def with_many_keys(rack: TestRack) -> Iterator[dict[str, str]]:
    """Two releases of lab1's edge, by way: they differ in the number of keys alone."""
    path = rack.state.state_dir / "keys" / "api-keys.toml"
    held, few = path.read_bytes(), edge_deployed(rack)
    try:
        many = added(path)
        write_private(path, many)
        yield dict.fromkeys(WAYS, few) | {MORE: edge_deployed(rack)}
    finally:
        write_private(path, held)
        edge_deployed(rack)


def added(path: Path) -> bytes:
    """The keys of the file at ``path``, and as many more as are 10,000 in all."""
    ring = keys.load(path)
    now = int(time.time())
    more = tuple(
        keys.Key(f"bench{number}", secrets=(keys.KeySecret(secrets.token_hex(32), now),))
        for number in range(MANY - len(ring.keys))
    )
    return replace(ring, keys=ring.keys + more).text().encode()


def rounds(rack: TestRack, releases: dict[str, str], requests: int) -> dict[str, list[Round]]:
    """Measure each way in turns."""
    found: dict[str, list[Round]] = {way: [] for way in WAYS}
    for _ in range(ROUNDS):
        for way in WAYS:
            name = releases[way].rpartition("/")[2]
            rack.sh(HOST, SWITCH.format(release=releases[way], current=CURRENT, name=name))
            found[way].append(measured(rack, way, requests))
    return found


def table(title: str, found: dict[str, list[Round]], tokens: int) -> None:
    """Print the figures of each way, and what the edge adds to them."""
    heads = ("tokens/s", "of direct", "TTFT p50", "added", "TTFT p95", "added")
    print(f"\n| {title} | {' | '.join(heads)} |\n|---|{'---|' * len(heads)}")
    rate, p50, p95 = figures(found["direct"])
    for way, each in found.items():
        own, first, late = figures(each)
        share = f"{own * tokens:,.0f} | {100 * own / rate:.1f} %" if rate else "– | –"
        print(
            f"| {way} | {share} | {first:.2f} ms | {first - p50:+.2f} ms | "
            f"{late:.2f} ms | {late - p95:+.2f} ms |",
            flush=True,
        )


def figures(each: list[Round]) -> tuple[float, float, float]:
    """The median rate of the rounds; median and 95th percentile of all first tokens."""
    first = sorted(value for one in each for value in one.first)
    return (
        statistics.median(one.rate for one in each),
        statistics.median(first),
        first[int(0.95 * (len(first) - 1))],
    )


def main() -> None:
    """Make lab1 ready, measure, and leave it with the keys it had."""
    rack = TestRack.load()
    if rack.sh(HOST, f"test -e {CURRENT}", check=False).code:
        firstlight("keys", "issue", "demo", "--once", "--site", LAB)
        run = rack.deploy(HOST)
        assert run.code == 0, run.text
    lab_keys.issue(rack.state, lab_keys.LIMITS)
    probe = f"probe pace 1 {MILLISECONDS}"
    with with_many_keys(rack) as releases:
        for title, words, requests, tokens in (
            ("no load", "load say 1", 0, 1),
            (f"{STREAMS} paced streams", f"load pace {TOKENS} {MILLISECONDS}", 4 * STREAMS, TOKENS),
            (f"{STREAMS} streams, all at once", f"load say {AT_ONCE}", 30 * STREAMS, AT_ONCE),
        ):
            with told(rack, HOST):
                prepare(rack, words, probe)
                table(f"SIMULATED engine, {title}", rounds(rack, releases, requests), tokens)


if __name__ == "__main__":
    main()
