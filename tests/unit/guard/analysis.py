"""Stands in for Presidio: two kinds by regular expression, and a stream of OpenAI's events."""

from __future__ import annotations

import json
import re
from typing import Any

from firstlight.guard.finding import Finding
from firstlight.guard.texts import Masks, Texts

KINDS = {
    "EMAIL_ADDRESS": re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"),
    "CREDIT_CARD": re.compile(r"\b\d{4}(?:[ -]?\d{4}){3}\b"),
    "IBAN_CODE": re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){4,7}(?: ?[A-Z0-9]{1,3})?\b"),
}


def analyze(text: str) -> list[Finding]:
    return [
        Finding(found.start(), found.end(), kind)
        for kind, pattern in KINDS.items()
        for found in pattern.finditer(text)
    ]


def masks() -> Masks:
    return Masks(analyze, tuple(KINDS))


def texts() -> Texts:
    return masks().texts()


def chunk(index: int = 0, finish: str | None = None, **delta: Any) -> dict[str, Any]:
    """One chunk of a streamed chat completion."""
    choice = {"index": index, "delta": delta, "finish_reason": finish}
    return {"id": "c1", "object": "chat.completion.chunk", "model": "m", "choices": [choice]}


def sse(*events: dict[str, Any] | str) -> bytes:
    """Server-sent events as engines write them, with the last one."""
    texts = [e if isinstance(e, str) else json.dumps(e, ensure_ascii=False) for e in events]
    return "".join(f"data: {text}\n\n" for text in texts).encode()


def read(data: bytes) -> list[Any]:
    """Return the events in ``data``; ``[DONE]`` as the text it is."""
    blocks = [b for b in data.decode().split("\n\n") if b]
    found = []
    for block in blocks:
        line = next(line for line in block.split("\n") if line.startswith("data:"))
        text = line.removeprefix("data:").strip()
        found.append(text if text == "[DONE]" else json.loads(text))
    return found


def said(events: list[Any], index: int = 0, field: str = "content") -> str:
    """Return what a client puts together from the chunks of one choice."""
    return "".join(
        choice["delta"].get(field) or ""
        for event in events
        if event != "[DONE]"
        for choice in event["choices"]
        if choice["index"] == index
    )
