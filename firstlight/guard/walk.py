"""The texts inside JSON: of a request all of them, of an answer those that the model wrote."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

WRITTEN = {
    "content", "text", "reasoning", "reasoning_content", "refusal", "thinking", "response",
    "output_text",
}  # fmt: skip
"""Keys of an answer whose text the model wrote."""
REPEATED = {
    "logprobs", "prompt_logprobs", "top_logprobs", "token_ids", "prompt_token_ids", "__verbose",
}  # fmt: skip
"""Keys of an answer that say the same again token by token, where nothing can be masked."""
NO_PROMPT = {
    "model",
    "role",
    "type",
    "id",
    "tool_call_id",
    "format",
    "encoding_format",
    "user",
}
"""Keys of a request that name things."""
INSTRUCTING = ("system", "developer")
"""Roles whose messages come from the application, not from whoever talks to it."""
DEEPEST = 64
_LETTERS = re.compile(r"[A-Za-z0-9+/]{64,}={0,2}")
_DATA_URL = re.compile(r"data:[a-z]{1,20}/[A-Za-z0-9.+-]{1,80};base64,[A-Za-z0-9+/]*={0,2}")


class TooDeepError(ValueError):
    """JSON nested deeper than any request is."""


def prompts(value: Any, key: str = "", told: bool = False, depth: int = 0) -> Iterator[Place]:
    """Yield every text of a request, with whether it is the application's own instruction."""
    if depth > DEEPEST:
        raise TooDeepError
    if isinstance(value, dict):
        told = told or value.get("role") in INSTRUCTING
        children: Iterator[tuple[Any, Any]] = iter(list(value.items()))
    elif isinstance(value, list):
        children = iter(list(enumerate(value)))
    else:
        return
    for name, child in children:
        label = name if isinstance(name, str) else key
        own = told or label in ("system", "instructions")
        if not isinstance(child, str):
            yield from prompts(child, label, own, depth + 1)
        elif label not in NO_PROMPT and not _media(label, child):
            yield Place(value, name, child, own)


class Place:
    """A text inside JSON, which can be replaced; ``told`` marks an instruction."""

    def __init__(self, holder: Any, key: Any, text: str, told: bool) -> None:
        self._holder, self._key = holder, key
        self.text, self.told = text, told

    def replace(self, text: str) -> None:
        """Put ``text`` in its place."""
        self._holder[self._key] = text


def _media(label: str, text: str) -> bool:
    """Whether it is a picture or a sound in letters, which no pattern is meant for.

    It has to stand where pictures stand and be nothing else: a prompt that only begins so is one.
    """
    if label in ("data", "file_data"):
        return _LETTERS.fullmatch(text) is not None or _DATA_URL.fullmatch(text) is not None
    return label == "url" and _DATA_URL.fullmatch(text) is not None


def rewrite(value: Any, change: Callable[[str], str], depth: int = 0) -> bool:
    """Change what the model wrote in the answer ``value``, in place; tell whether it differs."""
    if depth > DEEPEST:
        raise TooDeepError
    differs = False
    if isinstance(value, list):
        changes = [rewrite(child, change, depth + 1) for child in value]  # each of them, always
        return any(changes)
    if not isinstance(value, dict):
        return False
    for key, child in value.items():
        if key in REPEATED and child is not None:
            value[key], differs = None, True
        elif key in WRITTEN and isinstance(child, str):
            value[key] = change(child)
            differs = differs or value[key] != child
        else:
            differs = rewrite(child, change, depth + 1) or differs
    return differs
