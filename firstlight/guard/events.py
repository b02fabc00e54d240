"""The answer's filter: a stream of events, of lines, or one JSON document."""

from __future__ import annotations

import json
import re
from typing import Any

from firstlight.guard.hold import Hold
from firstlight.guard.slots import EVERYTHING, Slot, alone, ended, slots
from firstlight.guard.texts import Texts
from firstlight.guard.walk import rewrite

LONGEST_EVENT = 16 << 20
"""Bytes of one event; no engine sends nearly as much, and it is kept in memory."""
DONE = "[DONE]"
BLANK = re.compile(rb"\r?\n\r?\n")
Key = tuple[object, ...]


class UnfilteredError(Exception):
    """An answer that cannot be looked into, and therefore is not handed on."""


def dumped(value: Any) -> str:
    """Return JSON in as few characters as engines write it."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def document(body: bytes, texts: Texts) -> bytes:
    """Return a JSON answer masked; as it came where there is nothing to mask."""
    try:
        answer = json.loads(body)
        changed = rewrite(answer, texts.whole)
    except (ValueError, RecursionError) as error:
        raise UnfilteredError("an answer is not plain JSON") from error
    return dumped(answer).encode("utf-8", "surrogatepass") if changed else body


class Stream:
    """One streamed answer: server-sent events, or a JSON document on each line (``lines``)."""

    def __init__(self, texts: Texts, *, lines: bool = False) -> None:
        self._texts, self._lines = texts, lines
        self._rest = b""
        self._holds: dict[Key, Hold] = {}
        self._seen: dict[Key, tuple[list[str], dict[str, Any]]] = {}

    def feed(self, data: bytes) -> bytes:
        """Take what came; return what can go out."""
        self._rest += data
        out = []
        while True:
            end = self._end()
            if end is None:
                break
            block, self._rest = self._rest[:end], self._rest[end:]
            out.append(self._block(block))
        if len(self._rest) > LONGEST_EVENT:
            raise UnfilteredError(f"an event is longer than {LONGEST_EVENT} bytes")
        return b"".join(out)

    def close(self) -> bytes:
        """Return what is left at the end of the stream."""
        rest, self._rest = self._rest, b""
        return (self._block(rest) if rest.strip() else rest) + self._flush([EVERYTHING])

    def _end(self) -> int | None:
        if self._lines:
            at = self._rest.find(b"\n")
            return at + 1 if at >= 0 else None
        found = BLANK.search(self._rest)
        return found.end() if found else None

    def _block(self, block: bytes) -> bytes:
        """Return the bytes for one event, and for those that have to come before it."""
        others, data = self._parts(block)
        if data is None:
            return block
        if data.strip() == DONE:
            return self._flush([EVERYTHING]) + block
        try:
            event = json.loads(data)
        except (ValueError, RecursionError) as error:
            raise UnfilteredError("an event is not JSON") from error
        if not isinstance(event, dict):
            raise UnfilteredError("an event is not a JSON object")
        before, changed = self._event(others, event)
        return before + (self._written(others, event) if changed else block)

    def _parts(self, block: bytes) -> tuple[list[str], str | None]:
        """Return an event's other lines, and its data; None for a comment."""
        text = block.decode("utf-8", "replace")
        if self._lines:
            return [], text if text.strip() else None
        lines = [line for line in re.split(r"\r?\n", text) if line]
        data = [line[5:].removeprefix(" ") for line in lines if line.startswith("data:")]
        others = [line for line in lines if not line.startswith("data:")]
        return others, "\n".join(data) if data else None

    def _written(self, others: list[str], event: dict[str, Any]) -> bytes:
        text = dumped(event)
        if not self._lines:
            text = "\n".join([*others, f"data: {text}", ""])
        return f"{text}\n".encode("utf-8", "surrogatepass")

    def _event(self, others: list[str], event: dict[str, Any]) -> tuple[bytes, bool]:
        """Mask one event in place; return the events before it, and whether it differs."""
        found, over = slots(event), ended(event)
        keys = frozenset(slot.key for slot in found)
        # Where another text of the same answer begins, the one before it has ended.
        before = self._flush([key[0] for key in keys], keys)
        # What stands beside the pieces is whole.
        pieces = [(slot, slot.holder.pop(slot.field)) for slot in found]
        changed = rewrite(event, self._texts.whole) or bool(found)
        for slot, piece in pieces:
            slot.holder[slot.field] = self._next(slot, piece, over)
            self._seen[slot.key] = others, event
        return before + self._flush(over, keys), changed

    def _next(self, slot: Slot, piece: str, over: list[object]) -> str:
        hold = self._holds.setdefault(slot.key, self._texts.hold())
        text = hold.feed(piece)
        return text + hold.flush() if EVERYTHING in over or slot.key[0] in over else text

    def _flush(self, groups: list[object], keeping: frozenset[Key] = frozenset()) -> bytes:
        """Return events with what is held of the texts in ``groups``, which have ended."""
        out = b""
        for key, hold in self._holds.items():
            ends = EVERYTHING in groups or key[0] in groups
            if ends and not hold.empty and key not in keeping:
                others, event = self._seen[key]
                out += self._written(others, alone(event, key, hold.flush()))
        return out
