"""What a request must not hold; what is found is told by kind, never by its words."""

from __future__ import annotations

import importlib
import json
import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from firstlight.guard.config import Input
from firstlight.guard.injection import RULES
from firstlight.guard.texts import Texts
from firstlight.guard.walk import Place, TooDeepError, prompts

SEARCH_SECONDS = 1.0
"""How long one pattern may take on one text: the configured ones can be of any kind."""
INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufe00-\ufe0f\ufeff]")
TOKENS = ("prompt", "input")
"""Fields that may be numbers of tokens instead of text."""


class RefusedError(Exception):
    """A request that is not let through: ``kind`` is for the log, the message for the client."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


@dataclass(frozen=True)
class Pattern:
    """A compiled pattern that is searched for a bounded time."""

    name: str
    search: Callable[[str], bool]


def compiled(name: str, text: str) -> Pattern:
    """Compile ``text``: by the module regex, which Presidio needs too and which can give up."""
    try:
        bounded = importlib.import_module("regex").compile(text, re.IGNORECASE)
    except ImportError:
        plain = re.compile(text, re.IGNORECASE)
        return Pattern(name, lambda where: plain.search(where) is not None)
    return Pattern(name, lambda where: bounded.search(where, timeout=SEARCH_SECONDS) is not None)


def normal(text: str) -> str:
    """Return ``text`` as it reads: without invisible characters, in the usual letters."""
    return INVISIBLE.sub("", unicodedata.normalize("NFKC", text))


def reject_number(text: str) -> Any:
    """NaN and Infinity are no JSON, and programs differ in what they make of them."""
    raise ValueError(text)


MOST_PARTS = 200_000
"""Lists and objects of a request, at most; those in its texts count too."""


class Rules:
    """The checks of requests, as configured."""

    def __init__(self, wanted: Input) -> None:
        self._wanted = wanted
        self._banned = [compiled("banned", each) for each in wanted.banned]
        self._injection = [compiled(*rule) for rule in RULES.items()] if wanted.injection else []

    def checked(self, body: bytes, texts: Texts | None) -> bytes:
        """Return the body to send on: what was checked, written anew, personal data masked.

        Written anew, because programs differ in how they read odd JSON (a key that comes twice).
        ``texts`` masks personal data; None: it is not looked for. Raises :class:`RefusedError`.
        """
        # Ten million empty lists are thirty megabytes here and a gigabyte once they are read.
        if body.count(b"[") + body.count(b"{") > MOST_PARTS:
            raise RefusedError("form", "The request's body has too many parts.")
        try:
            request = json.loads(body, parse_constant=reject_number)
            places = list(prompts(request))
        except (ValueError, RecursionError, TooDeepError):
            raise RefusedError("form", "The request's body is not plain JSON.") from None
        if not isinstance(request, dict):
            raise RefusedError("form", "The request's body is not a JSON object.")
        self._readable(request)
        self._size(places)
        for place in places:
            self._patterns(place)
        if texts is not None:
            self._personal(places, texts)
        return json.dumps(request, separators=(",", ":")).encode()

    def _readable(self, request: dict[str, Any]) -> None:
        embeds = request.get("prompt_embeds") is not None
        if embeds or any(_numbers(request.get(field)) for field in TOKENS):
            raise RefusedError("tokens", "This model takes prompts as text only, not as tokens.")

    def _size(self, places: Sequence[Place]) -> None:
        limit = self._wanted.max_chars
        if sum(len(place.text) for place in places) > limit:
            raise RefusedError("size", f"The prompt is longer than {limit} characters.")

    def _patterns(self, place: Place) -> None:
        read = normal(place.text)
        wanted = self._banned if place.told else [*self._banned, *self._injection]
        for pattern in wanted:
            try:
                found = pattern.search(read)
            except TimeoutError:
                raise RefusedError("slow", "The request could not be checked.") from None
            if found and pattern.name == "banned":
                raise RefusedError("banned", "The request contains what is not allowed here.")
            if found:
                raise RefusedError(
                    f"injection:{pattern.name}", "The request looks like a prompt injection."
                )

    def _personal(self, places: Sequence[Place], texts: Texts) -> None:
        for place in places:
            masked = texts.whole(place.text)
            if texts.counts and self._wanted.action == "reject":
                kinds = ", ".join(sorted(texts.counts))
                raise RefusedError(
                    f"pii:{kinds}", f"The request contains personal data of the kind {kinds}."
                )
            place.replace(masked)


def _numbers(value: Any) -> bool:
    """Whether a prompt is given as numbers, alone or in lists."""
    if isinstance(value, list):
        return any(_numbers(each) for each in value)
    return isinstance(value, (int, float))
