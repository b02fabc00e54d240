"""Lets a step with the network reach its own hosts, and nothing else. Runs as root, as one file.

``up NAME JOB USER`` before the step: the hosts of the job are looked up once, their addresses are
written where the step finds them, and packets of the user to any other address are refused.
``down NAME`` after it; ``keep`` where somebody took the rules away meanwhile. Steps of one user at
a time share what they may reach. Standard library only.
"""

from __future__ import annotations

import fcntl
import ipaddress
import json
import os
import pwd
import socket
import subprocess
import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as TooLate
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

FOLDER = Path("/run/firstlight-fetch")
TABLE = "inet firstlight-fetch"
LOOK_UP_SECONDS = 20
SECONDS = 30
AT_ONCE = 32
# Packets without a socket belong to nobody: only what is the user's own is looked at. What others
# decided about a packet stands: an accept here opens nothing.
RULES = """\
table {table}
delete table {table}
table {table} {{
	chain output {{
		type filter hook output priority filter; policy accept;
{jumps}
	}}
{chains}}}
"""
CHAIN = """\
	chain user_{uid} {{
{allowed}
		counter reject comment "fetch: not what it was let out for"
	}}
"""
Pin = tuple[str, str, int]
"""A host's name, one of its addresses, and a TCP port."""


class FenceError(Exception):
    """Why the step cannot be fenced in."""


def looked_up(host: str, port: int) -> list[Pin]:
    """Return every address of ``host``; none where it has none."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError:
        return []
    return sorted({(host, str(each[4][0]).partition("%")[0], port) for each in found})


def pinned(hosts: Iterable[tuple[str, int]]) -> list[Pin]:
    """Look all ``hosts`` up at once; those that are not found in time are left out."""
    pool = ThreadPoolExecutor(AT_ONCE)
    waiting = [pool.submit(looked_up, host, port) for host, port in hosts]
    found: list[Pin] = []
    for each in waiting:
        with suppress(TooLate):
            found += each.result(LOOK_UP_SECONDS)
    pool.shutdown(wait=False, cancel_futures=True)
    return found


def hosts_file(pins: Iterable[Pin]) -> str:
    """Return the text of a hosts file with ``pins``: the step asks no name server."""
    lines = {f"{address} {name}" for name, address, _ in pins if name != address}
    return "".join(f"{line}\n" for line in ["127.0.0.1 localhost", *sorted(lines)])


def ruleset(users: dict[int, list[Pin]], serving: Iterable[int] = ()) -> str:
    """Return the table as nftables' text: what each may reach; ``serving`` ones answer others."""
    jumps = [f"\t\tmeta skuid {uid} jump user_{uid}" for uid in sorted(users)]
    made = [
        CHAIN.format(uid=uid, allowed=allowed(pins, uid in serving))
        for uid, pins in sorted(users.items())
    ]
    return RULES.format(table=TABLE, jumps="\n".join(jumps), chains="".join(made))


def allowed(pins: Iterable[Pin], serves: bool = False) -> str:
    """Return the rules that let packets to ``pins`` pass, and answers to who came by itself."""
    rules = ["\t\tct direction reply accept"] if serves else []
    for version, family in ((4, "ip"), (6, "ip6")):
        pairs = {
            f"{at} . {port}" for _, at, port in pins if ipaddress.ip_address(at).version == version
        }
        if pairs:
            rules.append(f"\t\t{family} daddr . tcp dport {{ {', '.join(sorted(pairs))} }} accept")
    return "\n".join(rules)


run = partial(subprocess.run, capture_output=True, text=True, timeout=SECONDS, check=False)


def nft(*words: str, text: str = "") -> None:
    """Run nft. Raises :class:`FenceError`."""
    try:
        done = run(["nft", *words], input=text)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise FenceError(f"nft: {error}") from None
    if done.returncode != 0:
        raise FenceError(f"nft: {done.stderr.strip()}")


def written(path: Path, text: str) -> None:
    draft = path.with_suffix(".new")
    draft.write_text(text)
    draft.chmod(0o644)
    draft.replace(path)


def applied(folder: Path) -> None:
    """Have the table let through what all steps under way may reach; no table without any."""
    states: list[dict[str, Any]] = [
        json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))
    ]
    if states:
        users: dict[int, list[Pin]] = {}
        for state in states:
            users.setdefault(state["uid"], []).extend(tuple(pin) for pin in state["pins"])
        nft("-f", "-", text=ruleset(users, {each["uid"] for each in states if each.get("serves")}))
    else:
        nft("-f", "-", text=f"table {TABLE}\ndelete table {TABLE}\n")


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Hold the folder: what one step writes, another one's table must not be made without."""
    folder.mkdir(mode=0o755, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # its holder looks nothing up: nft alone, which is bounded
        yield


def up(folder: Path, name: str, job: dict[str, Any], uid: int) -> None:
    """Fence the step called ``name`` in."""
    hosts = [(str(host), int(port)) for host, port in job["reach"]]
    pins = pinned(hosts)
    silent = [host for host, _ in hosts if not any(pin[0] == host for pin in pins)]
    if silent:
        print(f"no address is known of {', '.join(silent)}", file=sys.stderr)
    with alone(folder):
        written(folder / f"{name}.hosts", hosts_file(pins))
        state = {"uid": uid, "pins": pins, "serves": bool(job.get("serves"))}
        written(folder / f"{name}.json", json.dumps(state))
        applied(folder)


def down(folder: Path, name: str) -> None:
    """Forget the step called ``name``."""
    with alone(folder):
        for kind in ("json", "hosts"):
            (folder / f"{name}.{kind}").unlink(missing_ok=True)
        applied(folder)


def keep(folder: Path) -> None:
    """Put the table back where somebody took it away from under a step."""
    if any(folder.glob("*.json")) and run(["nft", "list", "table", *TABLE.split()]).returncode:
        with alone(folder):
            applied(folder)


def main(arguments: list[str]) -> int:
    """Return 0 when it is done, else 1 with the reason on stderr."""
    verb, name, *words = arguments if len(arguments) > 1 else [*arguments, ""]
    try:
        if verb == "keep":
            keep(FOLDER)
        elif verb == "up":
            up(FOLDER, name, json.loads(Path(words[0]).read_text()), pwd.getpwnam(words[1]).pw_uid)
        else:
            down(FOLDER, name)
    except (FenceError, OSError, KeyError, ValueError) as error:
        print(f"the fetch cannot be fenced in: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    code = main(sys.argv[1:])
    sys.stderr.flush()
    os._exit(code)  # a look-up that hangs is not waited for
