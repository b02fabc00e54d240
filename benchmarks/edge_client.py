"""What asks on the lab host itself: h2load keeps streams open, curl looks at first tokens beside them.

Both are C programs that others wrote, and keep their connections: no handshake is in what they
measure. They ask on the host: the engine itself with its backend secret, the edge by TLS over loopback.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass

from tests.lab import lab_keys
from tests.lab.rack import TestRack
from tests.lab.standing import ENGINE

HOST, STREAMS, PROBES = "lab1", 64, 300
CHAT = "/v1/chat/completions"
NAME = f"{HOST}.firstlight.internal"
FOLDER = "/run/bench"
INSTALL = (
    "command -v h2load >/dev/null || { apt-get -qq update; apt-get -qq -y install nghttp2-client; }"
)
# h2load leaves a line for each request: begun (microseconds), status, how long it took.
ASK = """
cd {folder}; rm -f log
{load}
curl -sS --max-time 120 {curl} -H @{key}.header -d @probe -o /dev/null \\
  -w '%{{time_starttransfer}} %{{num_connects}} %{{http_code}}\\n' '{url}?n=[1-{probes}]'
wait; echo --; cat log 2>/dev/null; true
"""


@dataclass(frozen=True)
class Round:
    """One way, once: requests per second, and milliseconds to the first bytes of answers."""

    rate: float
    first: list[float]


def prepare(rack: TestRack, load: str, probe: str) -> None:
    """Put both programs' requests on the host: what streams are told, and what probes are."""
    bodies = {"load": load, "probe": probe}
    texts = {
        name: json.dumps({"model": "tiny", "stream": True,
                          "messages": [{"role": "user", "content": words}]})
        for name, words in bodies.items()
    }  # fmt: skip
    key = lab_keys.key_text(rack.state, "crowd")
    rack.sh(HOST, INSTALL, timeout=180)
    rack.sh(
        HOST,
        f"""umask 077; mkdir -p {FOLDER}; cd {FOLDER}
printf %s '{texts["load"]}' >load; printf %s '{texts["probe"]}' >probe
printf %s '{key}' >edge
grep -rhoE 'Bearer [A-Za-z0-9_-]+' /etc/nginx/firstlight/current/backend.conf \\
  | head -1 | cut -c8- | tr -d '\\n' >backend
for each in edge backend; do
  printf 'content-type: application/json\\nauthorization: Bearer %s\\n' "$(cat $each)" >$each.header
done""",
    )


def measured(rack: TestRack, way: str, requests: int) -> Round:
    """Run one round; with 0 ``requests`` nothing but the probes. One that fails ends it all."""
    direct = way == "direct"
    key = "backend" if direct else "edge"
    url = f"http://{ENGINE}{CHAT}" if direct else f"https://{NAME}{CHAT}"
    h2 = "h2" in way
    curl = (
        "--http1.1" if direct else f"--http{'2' if h2 else '1.1'} -k --resolve {NAME}:443:127.0.0.1"
    )
    to = "" if direct else "--connect-to=127.0.0.1:443"
    load = (
        f"h2load {'--npn-list=h2' if h2 else '--h1'} -n {requests} -c {STREAMS} -t 1 -d load "
        f"--log-file=log -H 'content-type: application/json' "
        f'-H "authorization: Bearer $(cat {key})" {to} {url} >said 2>&1 & sleep 1'
    )
    script = ASK.format(
        folder=FOLDER, load=load if requests else "", curl=curl, key=key, url=url, probes=PROBES
    )
    probes, _, log = rack.sh(HOST, script, timeout=240).out.partition("--\n")
    return Round(rate(way, log, requests), firsts(way, probes))


def rate(way: str, log: str, requests: int) -> float:
    """Requests per second, without the first one of each connection, which waits for its handshake."""
    if not requests:
        return 0.0
    lines = sorted([int(word) for word in line.split()] for line in log.splitlines())
    if len(lines) != requests or any(status != 200 for _, status, _ in lines):
        sys.exit(f"{way}: {requests - sum(line[1] == 200 for line in lines)} of {requests} failed")
    kept = lines[STREAMS:]
    end = max(begun + took for begun, _, took in kept)
    return len(kept) * 1e6 / (end - kept[0][0])


def firsts(way: str, probes: str) -> list[float]:
    """Milliseconds from a request sent on a kept connection to the first byte of its answer."""
    lines = [line.split() for line in probes.splitlines()]
    if len(lines) != PROBES or any(line[2] != "200" for line in lines):
        sys.exit(f"{way}: a probe failed\n{probes[-300:]}")
    return [1000 * float(first) for first, new, _ in lines if new == "0"]
