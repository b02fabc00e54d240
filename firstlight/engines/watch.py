"""Brings one engine into service and out of it. Runs on the host, as one file, from its unit.

``await SPEC PID`` ends when the engine has shown its first token, and lets clients in;
``drain SPEC`` keeps new requests out, waits until the open ones are answered, and stops the
container. SPEC is what :func:`firstlight.engines.watched.watched` writes. Standard library only.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

LOOK_SECONDS = 0.2
ANSWER_SECONDS = 5.0
LONG_SECONDS = 3600.0  # systemd's TimeoutStartSec is the real bound
# A request that nginx let through just before may not be counted yet: it is looked twice.
STILL_SECONDS = 0.3
# No proxy: the engine is on this machine, whatever the environment says.
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))
# What a request may end with; an answer that is cut off is no OSError.
LOST = (OSError, ValueError, http.client.HTTPException)


class NotReadyError(Exception):
    """The engine cannot be put into service; the message says why."""


def get(url: str, timeout: float = ANSWER_SECONDS) -> bytes:
    with OPENER.open(url, timeout=timeout) as answer:
        return bytes(answer.read())


def post(url: str, body: dict[str, Any]) -> Any:
    """Return the open answer to a POST of JSON. Raises :class:`NotReadyError` with the answer's text."""
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(url, json.dumps(body).encode(), headers, method="POST")
    try:
        return OPENER.open(request, timeout=LONG_SECONDS)
    except urllib.error.HTTPError as error:
        text = error.read(500).decode("utf-8", "replace")
        raise NotReadyError(f"{url} answers HTTP {error.code}: {text}") from None
    except (OSError, http.client.HTTPException) as error:
        raise NotReadyError(f"{url} does not answer: {error or type(error).__name__}") from None


def healthy(url: str) -> bool:
    try:
        get(url)
    except LOST:
        return False
    return True


def alive(pid: int) -> bool:
    return pid > 0 and Path(f"/proc/{pid}").exists()


def wait_for_health(spec: dict[str, Any], pid: int) -> None:
    """Wait for the health page; raise when the process has ended instead."""
    while not healthy(spec["health"]):
        if not alive(pid):
            raise NotReadyError(f"the engine ended before it answered at {spec['health']}")
        time.sleep(LOOK_SECONDS)


def check(base: str, wanted: dict[str, Any]) -> None:
    """Compare what the engine says of itself with what it must be."""
    url = base + wanted["path"]
    items = json.loads(get(url, 60)).get(wanted["items"]) or []
    where = wanted["where"]
    found = next((i for i in items if all(i.get(k) == v for k, v in where.items())), None)
    fits = (
        found is not None
        and all(found.get(key) == value for key, value in wanted["expect"].items())
        and len({json.dumps(found.get(key)) for key in wanted["same"]}) <= 1
    )
    if not fits:
        shown = json.dumps(found if found is not None else items)[:600]
        raise NotReadyError(f"{wanted['otherwise']}: {url} says {shown}")


def first_token(url: str, body: dict[str, Any]) -> None:
    """Stream one completion until a piece of text comes."""
    said = ""
    with post(url, body) as answer:
        for raw in answer:
            line = raw.decode("utf-8", "replace").strip()
            said = line or said
            if re.search(r'"(content|reasoning_content|reasoning|text)"\s*:\s*"[^"]', line):
                return
    raise NotReadyError(f"{url} streams no token; its last line: {said[:300]}")


def bring_in(spec: dict[str, Any], pid: int) -> None:
    """See the engine answer as it must, then let clients in. Raises :class:`NotReadyError`."""
    base = spec["base"]
    if spec["health"]:
        wait_for_health(spec, pid)
    if spec["preload"]:
        post(base + spec["preload"]["path"], spec["preload"]["body"]).read()
    for wanted in spec["checks"]:
        check(base, wanted)
    if spec["first_token"]:
        first_token(base + spec["first_token"]["path"], spec["first_token"]["body"])
    Path(spec["out"]).unlink(missing_ok=True)
    time.sleep(spec["settle_seconds"])


def gauges(page: str, names: list[str]) -> float:
    """Return the sum of the Prometheus gauges called ``names`` on a metrics ``page``."""
    pattern = re.compile(rf"^(?:{'|'.join(map(re.escape, names))})(?:\{{[^}}]*\}})?\s+(\S+)", re.M)
    return sum(map(float, pattern.findall(page)))


def connections(address: str, port: int) -> int:
    """Return how many connections of this machine to ``port`` of the engine are open."""
    # Of this engine only: the same port at another address is none of its business.
    words = ["ss", "-Htn", "state", "established", f"( dst = {address}:{port} )"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=10, check=False)
    return len(done.stdout.splitlines())


def busy(spec: dict[str, Any]) -> bool:
    """Tell whether a request is being answered; an engine that is gone is not busy."""
    if spec["busy"] is None:
        return connections(spec["address"], spec["port"]) > 0
    try:
        page = get(spec["base"] + spec["busy"]["path"]).decode("utf-8", "replace")
    except LOST as error:
        # Silence of a process that still listens is no sign of rest.
        return isinstance(getattr(error, "reason", error), TimeoutError)
    return gauges(page, spec["busy"]["gauges"]) > 0


def wait_until_idle(
    is_busy: Callable[[], bool], seconds: float, sleep: Callable[[float], None] = time.sleep
) -> bool:
    """Wait until nothing was being answered twice in a row; False when time is up before."""
    end, quiet = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        quiet = 0 if is_busy() else quiet + 1
        if quiet >= 2:
            return True
        sleep(STILL_SECONDS)
    return False


def keep_out(spec: dict[str, Any]) -> None:
    """Have the edge answer 503 for this engine, from the next request on."""
    out = Path(spec["out"])
    # nginx's workers look for it there.
    out.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    out.parent.chmod(0o755)
    out.touch()


def take_out(spec: dict[str, Any]) -> int:
    """Keep clients out, let the open answers end, stop the container."""
    began = time.monotonic()
    keep_out(spec)
    if not wait_until_idle(lambda: busy(spec), spec["drain_seconds"]):
        print(f"requests were still open after {spec['drain_seconds']} s", file=sys.stderr)
    left = max(0, spec["drain_seconds"] - int(time.monotonic() - began))
    words = ["docker", "stop", "-t", str(left + spec["end_seconds"]), spec["container"]]
    return subprocess.run(words, stdout=subprocess.DEVNULL, check=False).returncode


def main(arguments: list[str]) -> int:
    """``out SPEC``, ``await SPEC PID``, ``drain SPEC``: 0 when done, else why on stderr."""
    verb, spec = arguments[0], json.loads(Path(arguments[1]).read_text())
    if "secret" in spec:
        OPENER.addheaders.append(("Authorization", f"Bearer {spec['secret']}"))
    if verb == "drain":
        return take_out(spec)
    if verb == "out":
        keep_out(spec)
        return 0
    try:
        # systemd gives no number where the process has ended already.
        bring_in(spec, int(arguments[2]) if len(arguments) > 2 else 0)
    except (NotReadyError, *LOST) as error:
        kind = "" if isinstance(error, NotReadyError) else f"{type(error).__name__}: "
        print(f"{kind}{error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    os.umask(0o022)
    sys.exit(main(sys.argv[1:]))
