"""One connection to the guard: its request is checked and sent on, or refused."""

from __future__ import annotations

import asyncio
from concurrent.futures import Executor

from firstlight.guard import http
from firstlight.guard.config import Config
from firstlight.guard.events import UnfilteredError
from firstlight.guard.exchange import Exchange
from firstlight.guard.http import BadMessageError, Head
from firstlight.guard.reply import Record, problem
from firstlight.guard.rules import RefusedError, Rules
from firstlight.guard.texts import Masks

HEALTH = "/.guard/health"
HEAD_SECONDS = 30
GONE = (OSError, EOFError, BadMessageError, TimeoutError)


class Proxy:
    """What the requests have in common."""

    def __init__(
        self, config: Config, inward: Masks | None, outward: Masks | None, threads: Executor
    ) -> None:
        self._config, self._inward, self._outward = config, inward, outward
        self._rules, self._threads = Rules(config.input), threads

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the one request of a connection; end when the client hangs up."""
        record = Record()
        try:
            async with asyncio.timeout(HEAD_SECONDS):
                head = await http.read_head(reader)
            await self._answer(head, reader, writer, record)
        except GONE:
            record.ended = record.ended or "lost"
        except UnfilteredError as error:
            record.ended = f"unfiltered: {error}"
        except Exception as error:  # what it says could be somebody's words
            record.ended = f"failed: {type(error).__name__}"
        finally:
            record.write()
            self._end(writer, record)

    @staticmethod
    def _end(writer: asyncio.StreamWriter, record: Record) -> None:
        """Close the connection; an answer that was cut must not look like a whole one."""
        if record.ended and record.headed:
            writer.transport.abort()
            return
        if record.ended:
            writer.write(problem(502, "The model's answer could not be handed on.", "bad_gateway"))
        writer.close()

    async def _answer(
        self,
        head: Head,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        record: Record,
    ) -> None:
        method, record.path, _ = head.first
        if record.path == HEALTH:
            writer.write(problem(200, "", ""))
            return
        try:
            body = await self._checked(method, head, reader, record)
        except RefusedError as refused:
            record.refused = refused.kind
            writer.write(problem(400, str(refused), "content_filter"))
            await writer.drain()
            return
        each = Exchange(self._config, self._outward, self._threads, writer=writer, record=record)
        exchange = asyncio.ensure_future(each.run(head, body))
        # Nothing more comes from the client: a byte, or the end, means that it has gone.
        hangup = asyncio.ensure_future(reader.read(1))
        try:
            await asyncio.wait({exchange, hangup}, return_when=asyncio.FIRST_COMPLETED)
            if not exchange.done():
                record.ended = "hangup"
                exchange.cancel()
            await asyncio.gather(exchange, return_exceptions=bool(record.ended))
        finally:
            exchange.cancel()
            hangup.cancel()

    async def _checked(
        self, method: str, head: Head, reader: asyncio.StreamReader, record: Record
    ) -> bytes:
        """Return the body to send on. Raises :class:`RefusedError`."""
        if head.get("content-encoding") or head.get("transfer-encoding"):
            raise RefusedError("form", "The request's body must be plain JSON of a known length.")
        length = head.get("content-length") or "0"
        if not length.isdigit() or int(length) > self._config.body_limit:
            raise RefusedError("form", "The request's body is too large.")
        async with asyncio.timeout(self._config.read_timeout):
            body = await reader.readexactly(int(length))
        if method in ("GET", "HEAD") and not body:
            return body
        texts = self._inward.texts() if self._inward else None
        loop = asyncio.get_running_loop()
        checked = await loop.run_in_executor(self._threads, self._rules.checked, body, texts)
        if texts is not None:
            record.masked_in = texts.counts
        return checked
