"""Every route of a real engine, knocked at from outside by every method, with a good key."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Iterable

from tests.lab.client import CHAT, Client, chat
from tests.lab.rack import TestRack
from tests.lab.standing import BASE, NETWORK

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
LIST = "/v1/models"
"""Answered by the edge itself."""
# What goes to containers. Nothing else tells for all engines that a request did not reach one.
SENT = f"cat /sys/class/net/{NETWORK.name}/statistics/tx_bytes"
LEAST = 100
"""Bytes that a request has on its way to an engine, at the least; headers of packets included."""
NOISE = 4000
"""Bytes that go there without one: addresses asked for, connections kept alive that end."""
KEY = "/etc/firstlight/secrets/engine-key"
# The key through curl's standard input: a command line is in the process list.
ASK = r"""
printf 'header = "Authorization: Bearer %s"\n' "{key}" |
curl -s -m 20 -K - -o /dev/null -w '%{{http_code}} ' -X {method} -H 'Content-Type: application/json' \
  {body} "$base{path}"
"""


def filled(path: str) -> str:
    """Return ``path`` with something in the place of its parameters."""
    return re.sub(r"\{[^}]*\}", "0", path)


def knock(client: Client, paths: Iterable[str], open_to_all: Iterable[str]) -> dict[str, int]:
    """Ask for each path by each method; return what was not answered as it has to be.

    What clients may reach is not asked for by POST: it would go to the engine, rightly.
    """
    connection = client.connect()
    connection.connect()
    # Head and body are two writes: without this the second would wait 40 ms each time.
    connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    headers = {"Authorization": f"Bearer {client.key}", "Content-Type": "application/json"}
    wrong: dict[str, int] = {}
    for path in sorted({filled(path) for path in paths}):
        for method in METHODS:
            if path in open_to_all and method == "POST":
                continue
            body = None if method in ("GET", "HEAD") else json.dumps(chat(1))
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            response.read()
            listed = path == LIST and method in ("GET", "HEAD")
            wanted = 405 if path in open_to_all else 200 if listed else 404
            if response.status != wanted:
                wrong[f"{method} {path}"] = response.status
    connection.close()
    return wrong


def reached(lab: TestRack, host: str, paths: set[str], open_to_all: tuple[str, ...]) -> None:
    """Assert that no route but the open ones lets anything through, and that it would be seen."""
    client = lab.client(host)
    before = int(lab.sh(host, SENT).out)
    assert client.ask(CHAT, chat(1)).status == 200
    middle = int(lab.sh(host, SENT).out)
    assert middle - before > LEAST
    wrong = knock(client, paths, open_to_all)
    assert not wrong, wrong
    assert (sent := int(lab.sh(host, SENT).out) - middle) < NOISE, sent
    assert LEAST * len(paths) * len(METHODS) > NOISE


def statuses(lab: TestRack, host: str, routes: Iterable[tuple[str, str]], key: str) -> list[int]:
    """Return how the engine itself answers on its host to whoever shows ``key``, in order."""
    asks = [
        ASK.format(key=key, method=method, path=filled(path),                   body="" if method == "GET" else "-d '{}'")
        for method, path in routes
    ]  # fmt: skip
    return [int(word) for word in lab.sh(host, "\n".join([BASE, *asks])).out.split()]
