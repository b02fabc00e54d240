"""Secrets on the lookout: the forms that one can take, and every place that could give one away."""

from __future__ import annotations

import base64
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

FILE = "/run/canaries"
# Everything on a running host that could give a secret away. Prints the places, not the secret.
SEARCH = r"""
leaks() { grep -a -q -F -f /run/canaries - && echo "$1"; }
for p in /proc/[0-9]*; do
  cat $p/cmdline $p/environ 2>/dev/null | tr '\0' '\n' | leaks "process $(cat $p/comm 2>/dev/null)"
done
systemctl show '*' | leaks "systemctl show"
systemctl show-environment | leaks "systemd's environment"
systemctl cat 'firstlight*' nginx docker | leaks "units"
docker inspect $(docker ps -aq) | leaks "docker inspect"
docker inspect $(docker images -q) | leaks "docker images"
docker network inspect $(docker network ls -q) | leaks "docker networks"
for c in $(docker ps -aq); do docker logs $c 2>&1 | leaks "docker logs"; done
journalctl -q --no-pager -o export | leaks "journal"
cat /var/lib/firstlight/receipt.json | leaks "receipt"
find / -xdev \( -path /proc -o -path /sys \) -prune -o -type f -perm -o=r -print0 |
  xargs -0 grep -a -l -F -f /run/canaries
find /run /tmp /dev/shm -type f -perm -o=r -print0 | xargs -0 grep -a -l -F -f /run/canaries
# Whoever may read them: nobody looks after what lies there.
grep -a -r -l -s -F -f /run/canaries /var/log /var/lib/systemd/coredump /var/crash /root /home
true
"""


def forms(secret: str) -> set[str]:
    """The secret as it is, in hexadecimal, in a URL, and in base64 wherever it may begin there."""
    raw = secret.encode()
    found = {secret, raw.hex(), raw.hex().upper(), quote(secret, safe="")}
    for before in range(3):
        text = base64.b64encode(b"\0" * before + raw).decode().rstrip("=")
        # The first and last characters also depend on what stands beside the secret.
        inner = text[(before * 8 + 5) // 6 : len(text) - 1]
        found |= {inner, inner.replace("+", "-").replace("/", "_")}
    return found


def found_in(secrets: Mapping[str, str], text: str) -> list[str]:
    """The names of the ``secrets`` that stand in ``text`` in any form."""
    # Long lines are broken in PEM and in base64 of programs: looked at with and without.
    whole = re.sub(r"\s", "", text)
    return [
        name
        for name, secret in secrets.items()
        if any(form in text or form in whole for form in forms(secret))
    ]


def search(secrets: Mapping[str, str]) -> str:
    """The shell text that prints every place of a host in which one of the ``secrets`` stands."""
    lines = "\n".join(sorted({form for secret in secrets.values() for form in forms(secret)}))
    return f"umask 077; cat >{FILE} <<'END'\n{lines}\nEND\n{SEARCH}\nrm -f {FILE}"


@contextmanager
def watching() -> Iterator[list[str]]:
    """Collect arguments and environment of every process there is meanwhile.

    The hosts' processes are among them: the machine sees into its own namespaces.
    """
    seen: set[bytes] = set()
    out: list[str] = []
    done = threading.Event()

    def look() -> None:
        while not done.wait(0.02):
            for path in [
                *Path("/proc").glob("[0-9]*/cmdline"),
                *Path("/proc").glob("[0-9]*/environ"),
            ]:
                try:
                    seen.add(path.read_bytes())
                except OSError:
                    continue  # it has ended, or it is not ours to look into

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield out
    finally:
        done.set()
        thread.join()
        out.append(b"\n".join(seen).replace(b"\0", b" ").decode("utf-8", "replace"))
