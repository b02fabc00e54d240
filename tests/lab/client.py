"""A client of the public URL that shares no code with what it tests."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TIMEOUT = 30.0
CHAT = "/v1/chat/completions"


@dataclass(frozen=True)
class Answer:
    """A whole answer: status, headers by lower-case name, body."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def error(self) -> dict[str, Any]:
        """The error in OpenAI's shape: message, type, param and code."""
        assert self.headers["content-type"].startswith("application/json"), self.headers
        found: dict[str, Any] = json.loads(self.body)["error"]
        assert set(found) == {"message", "type", "param", "code"}
        return found


class Named(http.client.HTTPSConnection):
    """HTTPS to an address under another name: what a DNS record would do."""

    def __init__(self, address: str, domain: str, port: int, context: ssl.SSLContext) -> None:
        super().__init__(domain, port, timeout=TIMEOUT, context=context)
        self._address, self._used = address, context

    def connect(self) -> None:
        raw = socket.create_connection((self._address, self.port), timeout=TIMEOUT)
        self.sock = self._used.wrap_socket(raw, server_hostname=self.host)


@dataclass(frozen=True)
class Client:
    """One site's public URL: where it is, what its certificate is checked with, a real key."""

    address: str
    domain: str
    ca: Path
    key: str

    def connect(self, context: ssl.SSLContext | None = None) -> Named:
        return Named(self.address, self.domain, 443, context or self.trusting())

    def trusting(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.ca))

    def ask(
        self,
        path: str,
        body: object = None,
        *,
        method: str = "",
        headers: dict[str, str] | None = None,
        authorization: str | None = "",
    ) -> Answer:
        """Send one request with the key, or with another ``authorization`` (None: without)."""
        text = None if body is None else json.dumps(body)
        given = {"Authorization": f"Bearer {self.key}" if authorization == "" else authorization}
        given["Content-Type"] = None if body is None else "application/json"
        given = {name: value for name, value in given.items() if value is not None}
        connection = self.connect()
        try:
            verb = method or ("GET" if body is None else "POST")
            connection.request(verb, path, text, {**given, **(headers or {})})
            response = connection.getresponse()
            found = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, found, response.read())
        finally:
            connection.close()

    def stream(self, tokens: int, path: str = CHAT, prompt: str = "Hello") -> Iterator[str]:
        """Ask for a streamed answer and yield the data of each event as it arrives."""
        connection = self.connect()
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
        try:
            connection.request("POST", path, json.dumps(chat(tokens, prompt, True)), headers)
            response = connection.getresponse()
            assert response.status == 200, response.read()
            while line := response.readline():
                if line.startswith(b"data:"):
                    yield line[5:].decode().strip()
        finally:
            connection.close()

    def answers(self, seconds: float = 10) -> bool:
        """Tell whether a streamed answer comes to its end, now or within ``seconds``."""
        deadline = time.monotonic() + seconds
        while True:
            # A stream that was cut is no answer: the next one may come to its end.
            with suppress(AssertionError, OSError, http.client.HTTPException):
                if [*self.stream(4)][-1:] == ["[DONE]"]:
                    return True
            if time.monotonic() > deadline:
                return False
            time.sleep(0.2)


def chat(tokens: int, prompt: str = "Hello", stream: bool = False) -> dict[str, Any]:
    """Return a chat completion request for the model tiny."""
    messages = [{"role": "user", "content": prompt}]
    return {"model": "tiny", "messages": messages, "max_tokens": tokens, "stream": stream}


def first_key(folder: Path) -> str:
    """Return the API key that is kept in the site's state ``folder``: firstlight's own."""
    return (folder / "keys" / "probe.key").read_text().strip()
