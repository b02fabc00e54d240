"""The guard as a program: ``guard.pyz CONFIG`` listens until it is told to end.

One process holds the analysis and a few workers beside it share its memory: Python does one thing
at a time, and an analysis must not keep every stream waiting.
"""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import socket
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from firstlight.guard import http, presidio
from firstlight.guard.config import Config
from firstlight.guard.proxy import Proxy
from firstlight.guard.texts import Masks

BACKLOG = 1024
THREADS = 2


def listening(path: str) -> socket.socket:
    """Return a socket that listens at ``path``, which no longer leads to one before it."""
    draft = f"{path}.new"
    Path(draft).unlink(missing_ok=True)
    found = socket.socket(socket.AF_UNIX)
    found.bind(draft)
    # Who may reach it is the folder's business.
    Path(draft).chmod(0o666)
    found.listen(BACKLOG)
    Path(draft).rename(path)
    return found


async def serve(config: Config, proxy: Proxy, where: socket.socket) -> None:
    """Serve until SIGTERM, then let open answers end, for as long as is configured."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    open_now: set[asyncio.Task[None]] = set()

    async def each(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        open_now.add(task)
        try:
            await proxy.serve(reader, writer)
        finally:
            open_now.discard(task)

    server = await asyncio.start_unix_server(
        each, sock=where, limit=http.HEAD_BYTES, backlog=BACKLOG
    )
    await stop.wait()
    server.close()
    if open_now:
        _, late = await asyncio.wait(open_now, timeout=config.drain_timeout)
        for task in late:
            task.cancel()


def work(config: Config, inward: Masks | None, outward: Masks | None, where: socket.socket) -> None:
    """Be one worker."""
    with ThreadPoolExecutor(THREADS) as threads:
        asyncio.run(serve(config, Proxy(config, inward, outward, threads), where))


def watch(children: list[int]) -> int:
    """Wait for the workers; when one ends by itself the others end too. Returns the exit code."""
    ending = False

    def end(*_: object) -> None:
        nonlocal ending
        ending = True
        for child in children:
            os.kill(child, signal.SIGTERM)

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    print(f"the guard listens with {len(children)} workers", file=sys.stderr, flush=True)
    code = 0
    while children:
        child, status = os.wait()
        if child in children:
            children.remove(child)
        if not ending:
            code = os.waitstatus_to_exitcode(status) or 1
            end()
    return code


def masks(config: Config) -> tuple[Masks | None, Masks | None]:
    """Return what masks requests, and what masks answers; None where nothing is looked for."""
    if not config.kinds:
        return None, None
    made = presidio.engine(config)
    sentences = config.nlp != "pattern"
    inward, outward = (
        Masks(presidio.analysis(config, made, kinds), kinds, sentences) if kinds else None
        for kinds in (config.input.pii, config.output)
    )
    return inward, outward


def main(arguments: list[str]) -> int:
    """Run; 0 after SIGTERM, else why not on stderr."""
    config = Config.parse(Path(arguments[0]).read_text())
    try:
        inward, outward = masks(config)
    except presidio.UnavailableError as error:
        print(f"the guard cannot start: {error}", file=sys.stderr)
        return 1
    where = listening(config.socket)
    gc.collect()
    gc.freeze()  # what is loaded stays shared between the workers
    children = []
    for _ in range(config.workers):
        child = os.fork()
        if child == 0:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            work(config, inward, outward, where)
            os._exit(0)
        children.append(child)
    return watch(children)
