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
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from firstlight.errors import FirstlightError
from firstlight.secret import Secret

CONNECT_SECONDS = 10


@dataclass(frozen=True)
class Endpoint:
    """Where the host is reached: ``domain`` names it, ``address`` overrides its DNS record.

    ``ca`` is what its certificate is checked with; None: what the system trusts.
    """

    domain: str
    port: int
    ca: Path | None
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
    """HTTPS to ``endpoint``: connects to its address, checks the certificate for its domain.

    Not ``checked``, any certificate will do: nothing that is secret may be sent then.
    """

    def __init__(self, endpoint: Endpoint, timeout: float, *, checked: bool = True) -> None:
        context = ssl.create_default_context(cafile=str(endpoint.ca) if endpoint.ca else None)
        if not checked:
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        super().__init__(endpoint.domain, endpoint.port, timeout=timeout, context=context)
        self._endpoint, self._context_used = endpoint, context

    def connect(self) -> None:
        target = (self._endpoint.address or self._endpoint.domain, self._endpoint.port)
        raw = socket.create_connection(target, timeout=CONNECT_SECONDS)
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        raw.settimeout(self.timeout)
        self.sock = self._context_used.wrap_socket(raw, server_hostname=self._endpoint.domain)


PIECES = ("content", "reasoning", "reasoning_content")
"""Where engines put text: vLLM and Ollama call what a model thinks ``reasoning``, llama.cpp and
SGLang ``reasoning_content``. A model that thinks first may say nothing else in a short answer."""


def deltas(lines: Iterable[bytes]) -> Iterator[str]:
    """Yield the pieces of text in a stream of server-sent chat completion chunks.

    Raises ValueError, with the line as evidence, for one that is no such chunk.
    """
    for raw in lines:
        line = raw.decode("utf-8", "replace").strip()
        data = line.removeprefix("data:").strip()
        if data in (line, "[DONE]"):
            continue
        try:
            chunk = json.loads(data)
            found = [choice.get("delta") or {} for choice in chunk.get("choices") or ()]
            pieces = [next((delta[key] for key in PIECES if delta.get(key)), "") for delta in found]
        except (ValueError, AttributeError, TypeError):
            raise ValueError(f"not a chat completion chunk: {line[:300]}") from None
        if "error" in chunk:
            raise ValueError(f"the engine says {line[:300]}")
        yield from (str(piece) for piece in pieces if piece)


def until(lines: Iterable[bytes], seen: Sequence[str], end: float) -> Iterator[bytes]:
    """Pass ``lines`` on; raise TimeoutError when nothing is in ``seen`` by the time ``end``.

    A stream that only ever says that it is alive is never silent.
    """
    for line in lines:
        yield line
        if not seen and time.monotonic() > end:
            raise TimeoutError("the stream goes on without a token")


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

    ``timeout`` bounds the wait for the first token and every silence after it, in seconds.
    Raises :class:`FirstlightError` with the evidence when no token comes.
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
    asked, first, pieces = time.monotonic(), 0.0, list[str]()
    try:
        connection.request("POST", path, body, headers)
        response = connection.getresponse()
        if response.status != 200:
            answer = response.read(500).decode("utf-8", "replace").strip()
            raise dark(endpoint, f"HTTP {response.status}: {answer}")
        lines = iter(response.readline, b"")
        for piece in deltas(until(lines, pieces, asked + timeout)):
            first = first or time.monotonic() - asked
            pieces.append(piece)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise dark(endpoint, f"{type(error).__name__}: {error}") from None
    finally:
        connection.close()
    if not pieces:
        raise dark(endpoint, "the stream ended without a token")
    return FirstLight(model, first, "".join(pieces))


def dark(endpoint: Endpoint, why: str) -> FirstlightError:
    """Return the error for an endpoint from which no token was seen."""
    return FirstlightError(
        "no token was seen through the public URL",
        where=endpoint.url,
        why=why,
        fix="see /var/log/nginx/error.log and journalctl -u 'firstlight-engine-*' on the host",
    )
