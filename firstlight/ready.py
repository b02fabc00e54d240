"""The proof that a host serves: one streamed completion through the public URL.

It goes the way a client goes: from the control machine, by TLS with the site's CA, with a real
API key. Nothing on the host is asked whether all is well.
"""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from firstlight.errors import FirstlightError
from firstlight.secret import Secret

CONNECT_SECONDS = 10


@dataclass(frozen=True)
class Endpoint:
    """Where the host is reached: ``domain`` names it, ``address`` overrides its DNS record."""

    domain: str
    port: int
    ca: Path
    address: str | None = None

    @property
    def url(self) -> str:
        """The base URL as clients write it."""
        host = f"[{self.domain}]" if ":" in self.domain else self.domain
        return f"https://{host}" if self.port == 443 else f"https://{host}:{self.port}"


@dataclass(frozen=True)
class FirstLight:
    """What was seen: ``first_token`` in seconds after the request, and the streamed text."""

    model: str
    first_token: float
    text: str


class Connection(http.client.HTTPSConnection):
    """HTTPS to ``endpoint``: connects to its address, checks the certificate for its domain."""

    def __init__(self, endpoint: Endpoint, timeout: float) -> None:
        context = ssl.create_default_context(cafile=str(endpoint.ca))
        super().__init__(endpoint.domain, endpoint.port, timeout=timeout, context=context)
        self._endpoint, self._context_used = endpoint, context

    def connect(self) -> None:
        target = (self._endpoint.address or self._endpoint.domain, self._endpoint.port)
        raw = socket.create_connection(target, timeout=CONNECT_SECONDS)
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        raw.settimeout(self.timeout)
        self.sock = self._context_used.wrap_socket(raw, server_hostname=self._endpoint.domain)


def deltas(lines: Iterator[bytes]) -> Iterator[str]:
    """Yield the pieces of text in a stream of server-sent chat completion chunks."""
    for raw in lines:
        line = raw.decode("utf-8", "replace").strip()
        if not line.startswith("data:") or line == "data: [DONE]":
            continue
        for choice in json.loads(line[5:]).get("choices", []):
            delta = choice.get("delta") or {}
            piece = delta.get("content") or delta.get("reasoning_content") or ""
            if piece:
                yield piece


def first_light(
    endpoint: Endpoint,
    key: Secret,
    model: str,
    *,
    path: str,
    prompt: str,
    max_tokens: int,
    timeout: float,
) -> FirstLight:
    """Stream one chat completion from ``model`` and return when its first token was seen.

    ``timeout`` is the longest silence, in seconds. Raises :class:`FirstlightError` with the
    evidence when no token comes.
    """
    body = json.dumps(
        {
            "model": model,
            "messages": [{"role": "user", "content": prompt}],
            "max_tokens": max_tokens,
            "temperature": 0,
            "stream": True,
        }
    )
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {key.reveal()}"}
    connection = Connection(endpoint, timeout)
    asked, seen, text = time.monotonic(), 0.0, ""
    try:
        connection.request("POST", path, body, headers)
        response = connection.getresponse()
        if response.status != 200:
            answer = response.read(500).decode("utf-8", "replace").strip()
            raise dark(endpoint, f"HTTP {response.status}: {answer}")
        for piece in deltas(iter(response.readline, b"")):
            seen = seen or time.monotonic() - asked
            text += piece
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise dark(endpoint, f"{type(error).__name__}: {error}") from None
    finally:
        connection.close()
    if not seen:
        raise dark(endpoint, "the stream ended without a token")
    return FirstLight(model, seen, text)


def dark(endpoint: Endpoint, why: str) -> FirstlightError:
    """Return the error for an endpoint from which no token was seen."""
    return FirstlightError(
        "no token was seen through the public URL",
        where=endpoint.url,
        why=why,
        fix="see /var/log/nginx/error.log and journalctl -u 'firstlight-engine-*' on the host",
    )
