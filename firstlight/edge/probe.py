"""The look at a new release through the public URL: does a client get in, and only with a key."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Iterable

from firstlight.edge.routes import MODELS
from firstlight.errors import FirstlightError
from firstlight.ready import Connection, Endpoint
from firstlight.secret import Secret

SECONDS = 10
"""How long one answer may take, and how long it is tried until the right one comes."""


def answers(endpoint: Endpoint, key: Secret | None, models: Iterable[str]) -> None:
    """See the list of ``models`` with ``key``, and a refusal without one.

    Without a key the refusal is all, and the certificate is not looked at. It is tried for :data:`SECONDS`. Raises :class:`FirstlightError` with what came instead.
    """
    wanted = set(models)
    end = time.monotonic() + SECONDS
    while why := mistake(endpoint, key, wanted):
        if time.monotonic() > end:
            raise FirstlightError(
                "the new configuration of the edge does not answer as it should",
                where=f"{endpoint.url}{MODELS}",
                why=why,
                fix="see /var/log/nginx/error.log on the host, and the edge settings",
            )
        time.sleep(0.3)


def mistake(endpoint: Endpoint, key: Secret | None, wanted: set[str]) -> str:
    """Return what is wrong with the answers of the public URL, empty if nothing is."""
    try:
        stranger, _ = ask(endpoint, None, checked=key is not None)
        status, body = ask(endpoint, key) if key else (200, b"")
    except (OSError, http.client.HTTPException) as error:
        return f"{type(error).__name__}: {error}"
    # Strangers before this one may have used up what strangers may ask.
    if stranger not in (401, 429):
        return f"HTTP {stranger} without a key"
    if key is None:
        return ""
    if status != 200:
        return f"HTTP {status} with a key: {body[:300].decode('utf-8', 'replace')}"
    try:
        listed = {each["id"] for each in json.loads(body)["data"]}
    except (ValueError, KeyError, TypeError):
        return f"not a list of models: {body[:300].decode('utf-8', 'replace')}"
    missing = ", ".join(sorted(wanted - listed))
    return f"the list of models lacks {missing}" if missing else ""


def ask(endpoint: Endpoint, key: Secret | None, *, checked: bool = True) -> tuple[int, bytes]:
    """Return status and body of the list of models. Raises OSError, HTTPException.

    Whose certificate it is does not matter where it is not ``checked``.
    """
    headers = {} if key is None else {"Authorization": f"Bearer {key.reveal()}"}
    connection = Connection(endpoint, SECONDS, checked=checked)
    try:
        connection.request("GET", MODELS, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read(100_000)
    finally:
        connection.close()
