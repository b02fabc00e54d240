"""Where text stands in one event of a stream, for each API that engines speak.

OpenAI's chat and text completions and responses, Anthropic's messages, Ollama's own.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

EVERYTHING = "*"
"""A group that stands for all of them."""
DELTAS = ("content", "reasoning_content", "reasoning", "refusal")
TYPED = {"text_delta": "text", "thinking_delta": "thinking"}
NO_TEXT = ("ping",)
"""Types of events that may come at any time and end nothing."""
ALSO = ("tool_calls", "function_call", "audio", "images")


@dataclass(frozen=True)
class Slot:
    """A text's next piece: ``holder[field]``. Pieces of one text have one ``key``.

    The key's first item is the text's group: within one, a text ends where another begins.
    """

    key: tuple[object, ...]
    holder: dict[str, Any]
    field: str


def slots(event: dict[str, Any]) -> list[Slot]:
    """Return the pieces of text in ``event``."""
    return list(_slots(event))


def _slots(event: dict[str, Any]) -> Iterator[Slot]:
    kind = event.get("type")
    delta = event.get("delta")
    if isinstance(event.get("choices"), list):
        for choice in _objects(event["choices"]):
            index, inner = choice.get("index", 0), choice.get("delta")
            if isinstance(inner, dict):
                yield from _texts(inner, DELTAS, index)
            yield from _texts(choice, ("text",), index)
    elif kind == "content_block_delta" and isinstance(delta, dict):
        yield from _texts(delta, (TYPED.get(str(delta.get("type")), ""),), event.get("index"))
    elif isinstance(kind, str) and kind.endswith(".delta") and isinstance(delta, str):
        if "arguments" not in kind and "audio" not in kind:
            places = ("item_id", "output_index", "content_index", "summary_index")
            yield Slot((0, kind, *map(event.get, places)), event, "delta")
    elif "done" in event:
        yield from _texts(event, ("thinking", "response"), 0)
        if isinstance(event.get("message"), dict):
            yield from _texts(event["message"], ("thinking", "content"), 0)


def _texts(holder: dict[str, Any], fields: tuple[str, ...], group: object) -> Iterator[Slot]:
    for field in fields:
        if isinstance(holder.get(field), str):
            yield Slot((group, field), holder, field)


def _objects(values: list[Any]) -> list[dict[str, Any]]:
    return [value for value in values if isinstance(value, dict)]


def ended(event: dict[str, Any]) -> list[object]:
    """Return the groups of texts that end with ``event``, or EVERYTHING in a list."""
    if isinstance(event.get("choices"), list):
        return [
            choice.get("index", 0)
            for choice in _objects(event["choices"])
            if choice.get("finish_reason") is not None
            or (isinstance(choice.get("delta"), dict) and choice["delta"].get("tool_calls"))
        ]
    if "done" in event:
        return [EVERYTHING] if event["done"] else []
    return [] if slots(event) or event.get("type") in NO_TEXT else [EVERYTHING]


def alone(event: dict[str, Any], key: tuple[object, ...], text: str) -> dict[str, Any]:
    """Return a copy of ``event`` that carries ``text`` for ``key`` and no other text."""
    made = copy.deepcopy(event)
    if isinstance(made.get("choices"), list):
        made["choices"] = [c for c in _objects(made["choices"]) if c.get("index", 0) == key[0]]
        for choice in made["choices"]:
            for extra in ALSO:
                (choice.get("delta") or {}).pop(extra, None)
    for slot in slots(made):
        slot.holder[slot.field] = text if slot.key == key else ""
    return made
