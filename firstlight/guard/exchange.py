"""A request that was let through, and its answer: filtered while it flows."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from concurrent.futures import Executor

from firstlight.guard import http
from firstlight.guard.config import Config
from firstlight.guard.events import Stream, UnfilteredError, document
from firstlight.guard.http import Head
from firstlight.guard.reply import Record, problem
from firstlight.guard.texts import Masks, Texts

# Their answers are numbers: nothing to mask in millions of digits.
NUMBERS = ("/embeddings", "/embed", "/count_tokens")
STREAMS = ("text/event-stream", "application/x-ndjson")
INLINE_BYTES = 4096
"""Pieces up to this size are filtered at once: a thread would take longer than the work."""


class Exchange:
    """One request to the engine and the answer of it to ``writer``."""

    def __init__(
        self,
        config: Config,
        outward: Masks | None,
        threads: Executor,
        *,
        writer: asyncio.StreamWriter,
        record: Record,
    ) -> None:
        self._config, self._outward, self._threads = config, outward, threads
        self._writer, self._record = writer, record

    async def run(self, head: Head, body: bytes) -> None:
        """Send ``body`` under ``head`` to the edge's pools, and hand the answer on."""
        try:
            source, sink = await http.connected(self._config.upstream)
        except OSError:
            self._record.status = 502
            self._writer.write(problem(502, "The model cannot be reached.", "bad_gateway"))
            return
        try:
            method, target, _ = head.first
            headers = head.handed_on("accept-encoding")
            headers += [("content-length", str(len(body)))] if body else []
            headers += [("connection", "close"), ("accept-encoding", "identity")]
            sink.write(http.head_bytes(f"{method} {target} HTTP/1.1", headers) + body)
            async with asyncio.timeout(self._config.read_timeout):
                await sink.drain()
                answer = await http.read_head(source)
                while answer.first[1].startswith("1"):
                    answer = await http.read_head(source)
            self._record.status = int(answer.first[1]) if answer.first[1].isdigit() else 0
            bare = method == "HEAD" or self._record.status in http.WITHOUT_BODY
            blocks = http.body(source, answer, bare)
            streamed = bare or self._kind(answer) in STREAMS
            if self._outward and self._record.status < 400 and not bare:
                blocks = self._looked_into(target, answer, blocks, self._outward)
            blocks = self._timed(blocks)
            # A whole answer is seen before the client hears of it: it may yet be refused.
            first = b"" if streamed else await anext(blocks, b"")
            await self._hand_on(answer, first, blocks, bare)
        finally:
            sink.transport.abort()

    def _looked_into(
        self, target: str, answer: Head, blocks: AsyncIterator[bytes], outward: Masks
    ) -> AsyncIterator[bytes]:
        """Return the answer's ``blocks`` filtered, where text can be in them."""
        if target.partition("?")[0].endswith(NUMBERS):
            return blocks
        kind = self._kind(answer)
        if answer.get("content-encoding") or kind not in (*STREAMS, "application/json"):
            raise UnfilteredError(f"an answer's type is {json.dumps(kind[:60])}")
        texts = outward.texts()
        self._record.masked_out = texts.counts
        return self._filtered(kind, blocks, texts)

    @staticmethod
    def _kind(answer: Head) -> str:
        return answer.get("content-type").partition(";")[0].strip().lower()

    async def _hand_on(
        self, answer: Head, first: bytes, blocks: AsyncIterator[bytes], bare: bool
    ) -> None:
        headers = [*answer.handed_on(), ("connection", "close")]
        headers += [] if bare else [("transfer-encoding", "chunked")]
        _, status, reason = answer.first
        writer = self._writer
        self._record.headed = True
        writer.write(http.head_bytes(f"HTTP/1.1 {status} {reason}", headers))
        if first:
            writer.write(http.chunk(first))
        async for block in blocks:
            if block:
                writer.write(http.chunk(block))
                # Waits while the client is slow: then nothing is read from the engine either.
                async with asyncio.timeout(self._config.read_timeout):
                    await writer.drain()
        if not bare:
            writer.write(http.chunk(b""))
        await writer.drain()

    async def _timed(self, blocks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """Yield ``blocks``; each has to come within the longest silence of an engine."""
        while True:
            try:
                async with asyncio.timeout(self._config.read_timeout):
                    block = await anext(blocks)
            except StopAsyncIteration:
                return
            yield block

    async def _filtered(
        self, kind: str, blocks: AsyncIterator[bytes], texts: Texts
    ) -> AsyncIterator[bytes]:
        """Yield an answer of the content type ``kind`` with personal data masked."""
        loop = asyncio.get_running_loop()
        if kind in STREAMS:
            stream = Stream(texts, lines=kind != STREAMS[0])
            async for block in blocks:
                if len(block) <= INLINE_BYTES:
                    yield stream.feed(block)
                else:
                    yield await loop.run_in_executor(self._threads, stream.feed, block)
            yield await loop.run_in_executor(self._threads, stream.close)
            return
        whole = bytearray()
        async for block in blocks:
            whole += block
            if len(whole) > self._config.body_limit:
                raise UnfilteredError("an answer is too large")
        yield await loop.run_in_executor(self._threads, document, bytes(whole), texts)
