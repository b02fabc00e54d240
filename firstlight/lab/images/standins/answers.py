"""Completions in OpenAI's shape, token by token at a settable pace."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from typing import Any

from .desk import number
from .serving import Action, Engine, Handler, compact

PACE = "SIMULATED_TOKEN_SECONDS"
SENTENCE = "SIMULATED by {}'s stand-in is what this answer is : no model was asked"
USUAL = 32
"""Tokens of an answer whose request names no limit."""
MOST = 100_000


def words(engine: Engine, count: int) -> Iterator[str]:
    """Yield ``count`` tokens at the pace of the environment, SIMULATED first."""
    pace = number(PACE, 0.02)
    told = itertools.cycle(SENTENCE.format(engine.name).split(" "))
    for place, word in enumerate(itertools.islice(told, count)):
        time.sleep(pace)
        engine.desk.tokens += 1
        yield word if place == 0 else f" {word}"


def wanted(given: dict[str, Any], *names: str) -> tuple[int, str]:
    """How many tokens an answer has, and the reason why it ends."""
    for name in names or ("max_completion_tokens", "max_tokens"):
        if isinstance(given.get(name), int) and given[name] > 0:
            return min(given[name], MOST), "length"
    return USUAL, "stop"


def models(engine: Engine) -> Action:
    """An action that lists the engine's models."""

    def listed(handler: Handler) -> None:
        found = [
            {"id": name, "object": "model", "created": 0, "owned_by": "SIMULATED"}
            for name in engine.models
        ]
        handler.reply(200, {"object": "list", "data": found})

    return listed


def completions(
    engine: Engine, *, chat: bool, full: int, known: bool = True, unknown: int = 404
) -> Action:
    """An action that answers a completion.

    ``full`` is the status where the queue is full; with ``known`` a model that is not served
    is answered ``unknown``.
    """

    def answered(handler: Handler) -> None:
        given = handler.given()
        name = str(given.get("model", ""))
        if not engine.loaded:
            handler.reply(503, engine.error(503, "the model is being loaded"))
        elif known and name not in engine.models:
            handler.reply(unknown, engine.error(unknown, f"model {name!r} not found"))
        elif not given.get("messages" if chat else "prompt"):
            handler.reply(400, engine.error(400, "the request asks nothing"))
        else:
            with engine.desk.place() as taken:
                if taken:
                    _send(engine, handler, given, chat)
                else:
                    handler.reply(full, engine.error(full, "too many requests wait"))

    return answered


def _send(engine: Engine, handler: Handler, given: dict[str, Any], chat: bool) -> None:
    count, reason = wanted(given)
    if given.get("stream"):
        events = _events(engine, given, chat, count, reason)
        if not handler.stream(events, "text/event-stream"):
            engine.desk.aborted += 1
        return
    text = "".join(words(engine, count))
    choice: dict[str, Any] = {"index": 0, "finish_reason": reason}
    choice |= {"message": {"role": "assistant", "content": text}} if chat else {"text": text}
    kind = "chat.completion" if chat else "text_completion"
    handler.reply(200, {**_head(given, kind), "choices": [choice], "usage": _usage(given, count)})


def _events(
    engine: Engine, given: dict[str, Any], chat: bool, count: int, reason: str
) -> Iterator[str]:
    head = _head(given, "chat.completion.chunk" if chat else "text_completion")

    def event(part: dict[str, Any], end: str | None) -> str:
        choice = {"index": 0, **part, "finish_reason": end}
        return f"data: {compact({**head, 'choices': [choice]})}\n\n"

    if chat:
        yield event({"delta": {"role": "assistant", "content": ""}}, None)
    for word in words(engine, count):
        yield event({"delta": {"content": word}} if chat else {"text": word}, None)
    yield event({"delta": {}} if chat else {"text": ""}, reason)
    if (given.get("stream_options") or {}).get("include_usage"):
        yield f"data: {compact({**head, 'choices': [], 'usage': _usage(given, count)})}\n\n"
    yield "data: [DONE]\n\n"


def _head(given: dict[str, Any], kind: str) -> dict[str, Any]:
    now = time.time()
    return {
        "id": f"simulated-{time.monotonic_ns():x}",
        "object": kind,
        "created": int(now),
        "model": given.get("model", ""),
    }


def _usage(given: dict[str, Any], count: int) -> dict[str, int]:
    asked = len(compact(given.get("messages") or given.get("prompt")).split())
    return {
        "prompt_tokens": asked,
        "completion_tokens": count,
        "total_tokens": asked + count,
    }
