"""As much of HTTP/1.1 as a proxy between two programs on one host needs."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass

HEAD_BYTES = 64 << 10
"""Longest head of a request or an answer, which is also a stream reader's limit."""
BLOCK = 64 << 10
CONNECT_SECONDS = 5.0
HOP_BY_HOP = {
    "connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer",
    "transfer-encoding", "upgrade", "proxy-connection", "content-length", "expect",
}  # fmt: skip
WITHOUT_BODY = (204, 304)


class BadMessageError(Exception):
    """What came is not HTTP as it is spoken here, or ended too early."""


@dataclass(frozen=True)
class Head:
    """The first line in its three parts, and the headers with their names in lower case."""

    first: tuple[str, str, str]
    headers: tuple[tuple[str, str], ...]

    def get(self, name: str) -> str:
        """Return the header's last value, empty if there is none."""
        return next((value for key, value in reversed(self.headers) if key == name), "")

    def handed_on(self, *without: str) -> list[tuple[str, str]]:
        """Return the headers that are not between two programs only."""
        return [each for each in self.headers if each[0] not in HOP_BY_HOP | set(without)]


async def connected(path: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Connect to the socket at ``path``. Raises OSError.

    asyncio takes a full queue of the listener for a connection on its way, which it is not.
    """
    made = socket.socket(socket.AF_UNIX)
    made.setblocking(False)
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            while True:
                try:
                    made.connect(path)
                    break
                except BlockingIOError:
                    await asyncio.sleep(CONNECT_SECONDS / 1000)
        return await asyncio.open_unix_connection(sock=made, limit=HEAD_BYTES)
    except BaseException:
        made.close()
        raise


async def read_head(reader: asyncio.StreamReader) -> Head:
    """Read a head. Raises :class:`BadMessageError`."""
    try:
        text = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        lines = text[:-4].split("\r\n")
        one, two, *three = lines[0].split(" ", 2)
        pairs = [line.split(":", 1) for line in lines[1:]]
        headers = tuple((key.strip().lower(), value.strip()) for key, value in pairs)
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError) as error:
        raise BadMessageError("no HTTP head came") from error
    return Head((one, two, three[0] if three else ""), headers)


async def body(
    reader: asyncio.StreamReader, head: Head, bare: bool = False
) -> AsyncIterator[bytes]:
    """Yield a body as it comes; ``bare`` for none. Raises :class:`BadMessageError` if it is cut."""
    length = head.get("content-length")
    if bare:
        return
    if head.get("transfer-encoding").lower() == "chunked":
        async for block in _chunks(reader):
            yield block
    elif length:
        async for block in _exactly(reader, _number(length, 10)):
            yield block
    else:
        while block := await reader.read(BLOCK):
            yield block


def _number(text: str, base: int) -> int:
    try:
        number = int(text, base)
    except ValueError:
        number = -1
    if number < 0:
        raise BadMessageError("a length is no number")
    return number


async def _exactly(reader: asyncio.StreamReader, count: int) -> AsyncIterator[bytes]:
    while count:
        block = await reader.read(min(count, BLOCK))
        if not block:
            raise BadMessageError("the body ended too early")
        count -= len(block)
        yield block


async def _chunks(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    try:
        while True:
            line = await reader.readuntil(b"\r\n")
            count = _number(line.split(b";")[0].decode("latin-1").strip(), 16)
            if count == 0:
                while (await reader.readuntil(b"\r\n")) != b"\r\n":
                    pass  # trailers
                return
            async for block in _exactly(reader, count):
                yield block
            await reader.readexactly(2)
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
        raise BadMessageError("the body ended too early") from error


def head_bytes(first: str, headers: list[tuple[str, str]]) -> bytes:
    """Return a head as it is sent."""
    lines = [first, *(f"{key}: {value}" for key, value in headers)]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def chunk(data: bytes) -> bytes:
    """Return ``data`` as one chunk; that of nothing ends the body."""
    return b"%x\r\n%b\r\n" % (len(data), data)
