"""Stands where an engine stands, at the ADDRESS and PORT given, and does what each prompt tells it.

SIMULATED: no model. A prompt is "NAME ACTION [NUMBER [MILLISECONDS]]"; GET /seen tells what became
of each NAME, and how many were asked for at the same time; GET /recount has that counted anew.

    say N MS    N events with MS between them, or one answer where no stream is wanted
    say N MS M  the same, but between the first and the others M have been open at the same time
    drop        the connection ends before the first byte of an answer
    refuse      503, as of an engine with too much to do
    cut N       the connection ends after N events
    wait MS     nothing for so long, then one event
    pace N MS   5 ms of prefill, then N events, one each MS whatever becomes of them, as a GPU does
"""

import asyncio
import contextlib
import json
import sys

SEEN = {}
NOW = {"open": 0, "most": 0}
DONE = b"data: [DONE]\n\n"
PREFILL = 0.005
GATHER = 60  # seconds at most until as many are open as are wanted


def event(number):
    delta = {"index": 0, "delta": {"content": f"{number} "}, "finish_reason": None}
    return b"data: " + json.dumps(whole("chat.completion.chunk", delta)).encode() + b"\n\n"


def whole(kind, choice):
    return {"id": "told", "object": kind, "created": 1, "model": "tiny", "choices": [choice]}


def chunk(data):
    return b"%x\r\n%s\r\n" % (len(data), data)


def answer(status, body):
    text = json.dumps(body).encode()
    head = (
        f"HTTP/1.1 {status} Told\r\nContent-Type: application/json\r\nContent-Length: {len(text)}"
    )
    return head.encode() + b"\r\n\r\n" + text


async def gathered(many):
    clock = asyncio.get_running_loop().time
    limit = clock() + GATHER
    while NOW["most"] < many and clock() < limit:
        await asyncio.sleep(0.2)


async def pauses(count, pause, many=0):
    for number in range(count):
        yield number
        if number == 0:
            await gathered(many)
        await asyncio.sleep(pause)


async def ticks(count, pace):
    began = asyncio.get_running_loop().time()
    for number in range(count):
        await asyncio.sleep(began + number * pace - asyncio.get_running_loop().time())
        yield number


async def stream(writer, numbers, cut=False):
    writer.write(
        b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    async for number in numbers:
        writer.write(chunk(event(number)))
        await writer.drain()
    if cut:
        raise ConnectionAbortedError
    writer.write(chunk(DONE) + b"0\r\n\r\n")


async def told(reader, writer, body):
    name, action, *numbers = body["messages"][-1]["content"].split()
    first, second, many = [*map(int, numbers), *(1, 0, 0)[len(numbers) :]]
    SEEN.setdefault(name, []).append("came")
    if action == "drop":
        raise ConnectionAbortedError
    if action == "refuse":
        writer.write(answer(503, {"error": {"message": "too much to do"}}))
    elif body.get("stream"):
        if action == "wait":
            await asyncio.sleep(first / 1000)
            await stream(writer, pauses(1, 0))
        elif action == "pace":
            await asyncio.sleep(PREFILL)
            await stream(writer, ticks(first, second / 1000))
        else:
            await stream(writer, pauses(first, second / 1000, many), action == "cut")
    else:
        choice = {"index": 0, "finish_reason": "stop"}
        choice["message"] = {"role": "assistant", "content": "told"}
        writer.write(answer(200, whole("chat.completion", choice)))
    await writer.drain()
    SEEN[name].append("done")


async def asked(reader, writer):
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    if head.startswith("GET /seen"):
        writer.write(answer(200, {"seen": SEEN, **NOW}))
        return
    if head.startswith("GET /recount"):
        NOW["most"] = NOW["open"]
        writer.write(answer(200, NOW))
        return
    fields = (line.partition(":") for line in head.lower().split("\r\n"))
    length = next((int(value) for name, _, value in fields if name == "content-length"), 0)
    body = json.loads(await reader.readexactly(length))
    NOW["open"] += 1
    NOW["most"] = max(NOW.values())
    work = asyncio.ensure_future(told(reader, writer, body))
    try:
        # Whoever asked says nothing more until it is answered: a byte less is its end.
        gone = asyncio.ensure_future(reader.read(1))
        await asyncio.wait({work, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not work.done():
            work.cancel()
            SEEN[body["messages"][-1]["content"].split()[0]].append("hung up")
            raise ConnectionAbortedError
        gone.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await gone
        await work
    finally:
        NOW["open"] -= 1


async def serve(reader, writer):
    try:
        while True:
            await asked(reader, writer)
    except (ConnectionError, asyncio.IncompleteReadError):
        writer.transport.abort()


async def main():
    server = await asyncio.start_server(
        serve, sys.argv[1], int(sys.argv[2]), backlog=1024, limit=2**26
    )
    async with server:
        await server.serve_forever()


asyncio.run(main())
