"""A guard on a socket, before an upstream that answers as it is told."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from firstlight.guard import http
from firstlight.guard.config import Config, Input
from firstlight.guard.http import Head
from firstlight.guard.proxy import Proxy
from tests.unit.guard.analysis import masks

Answer = Callable[[Head, bytes, asyncio.StreamWriter], Awaitable[None]]
PATH = "/p1/v1/chat/completions"


class Served:
    """The guard's socket, and what its upstream has seen."""

    def __init__(self, folder: Path, answer: Answer) -> None:
        self.socket, self.upstream = folder / "guard.sock", folder / "pools.sock"
        self.seen: list[tuple[Head, bytes]] = []
        self.gone = 0
        self._answer = answer

    async def _upstream(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await http.read_head(reader)
        body = await reader.readexactly(int(head.get("content-length") or 0))
        self.seen.append((head, body))
        try:
            await self._answer(head, body, writer)
        except OSError:
            self.gone += 1
        finally:
            writer.close()

    @contextlib.asynccontextmanager
    async def running(self, *, output: bool = True, **wanted: Any) -> AsyncIterator[Served]:
        config = Config(
            input=Input(**wanted), upstream=str(self.upstream), socket=str(self.socket),
            read_timeout=5, body_limit=40 << 20,
        )  # fmt: skip
        with ThreadPoolExecutor(2) as threads:
            proxy = Proxy(
                config, masks() if config.input.pii else None, masks() if output else None, threads
            )
            one = await asyncio.start_unix_server(
                self._upstream, str(self.upstream), limit=1 << 16, backlog=50
            )
            two = await asyncio.start_unix_server(
                proxy.serve, str(self.socket), limit=1 << 16, backlog=50
            )
            async with one, two:
                yield self

    async def open(
        self, body: object, *, path: str = PATH, method: str = "POST", **headers: str
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Send a request, and return the connection."""
        reader, writer = await http.connected(str(self.socket))
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        more = [(key.replace("_", "-"), value) for key, value in headers.items()]
        if "content-length" not in dict(more):
            more += [("content-length", str(len(data)))]
        writer.write(http.head_bytes(f"{method} {path} HTTP/1.1", [("host", "x"), *more]) + data)
        return reader, writer

    async def ask(self, body: object, **options: Any) -> tuple[int, Head, bytes]:
        """Return status, head and body of an answer; raises where it is cut."""
        reader, writer = await self.open(body, **options)
        try:
            async with asyncio.timeout(60):
                head = await http.read_head(reader)
                parts = [part async for part in http.body(reader, head)]
            return int(head.first[1]), head, b"".join(parts)
        finally:
            writer.close()


def plain(status: str, kind: str, body: bytes) -> Answer:
    """Return an upstream that answers with a whole body."""

    async def answer(_: Head, __: bytes, writer: asyncio.StreamWriter) -> None:
        headers = [("content-type", kind), ("content-length", str(len(body))), ("x-own", "1")]
        writer.write(http.head_bytes(f"HTTP/1.1 {status}", headers) + body)
        await writer.drain()

    return answer


def streaming(*pieces: bytes, seconds: float = 0.0, end: bool = True) -> Answer:
    """Return an upstream that streams ``pieces``; without ``end`` it breaks off."""

    async def answer(_: Head, __: bytes, writer: asyncio.StreamWriter) -> None:
        headers = [("content-type", "text/event-stream"), ("transfer-encoding", "chunked")]
        writer.write(http.head_bytes("HTTP/1.1 200 OK", headers))
        for piece in pieces:
            writer.write(http.chunk(piece))
            await writer.drain()
            await asyncio.sleep(seconds)
        if end:
            writer.write(http.chunk(b""))

    return answer
