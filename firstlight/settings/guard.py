"""Settings of the guard: what goes to models and comes from them is looked at on the way."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, ByteSize, Field, PlainValidator, StrictInt, StrictStr

from firstlight.settings.model_value import Image, ModelName, Word
from firstlight.settings.section import Section
from firstlight.settings.value import Flag, Listed, Seconds, Size, text, whole, wrong

LONGEST_PATTERN = 500
MOST_PATTERNS = 64
NAMES = ("PERSON", "LOCATION", "NRP", "ORGANIZATION")
"""Kinds that no pattern can find: they need a language model."""
COMMON = (
    "EMAIL_ADDRESS", "PHONE_NUMBER", "CREDIT_CARD", "IBAN_CODE", "US_SSN", "IP_ADDRESS",
)  # fmt: skip


def _pattern(value: str) -> str:
    expected = f"a regular expression of Python, at most {LONGEST_PATTERN} characters"
    if not 0 < len(value) <= LONGEST_PATTERN:
        raise wrong(expected)
    try:
        matches_nothing = re.compile(value).search("") is not None
    except (re.error, RecursionError, OverflowError) as error:
        raise wrong(expected, f"re.compile says: {error}") from None
    if matches_nothing:
        raise wrong("a regular expression that does not match the empty text: it matches all")
    return value


def _threshold(value: object) -> float:
    number = float(value) if isinstance(value, float) or type(value) is int else -1.0
    if not 0.0 < number <= 1.0:
        raise wrong("a score above 0 and up to 1")
    return number


def _few(values: tuple[str, ...]) -> tuple[str, ...]:
    if len(values) > MOST_PATTERNS:
        raise wrong(f"at most {MOST_PATTERNS} patterns: each is searched for in every request")
    return values


Banned = Annotated[StrictStr, AfterValidator(_pattern)]
Kind = Annotated[
    StrictStr,
    text(r"[A-Z][A-Z0-9_]{1,47}", "a kind of entity as Presidio names it (EMAIL_ADDRESS)"),
]
Characters = Annotated[StrictInt, AfterValidator(whole(100, 10_000_000, "a number of characters"))]
Workers = Annotated[StrictInt, AfterValidator(whole(1, 32, "a number of processes"))]
Language = Annotated[StrictStr, text(r"[a-z]{2}", "a language's two letters (example: en)")]


class GuardInput(Section):
    """What requests are checked for, before a model sees them."""

    banned: Annotated[tuple[Banned, ...], Listed, AfterValidator(_few)] = Field(
        default=(),
        description="Regular expressions; a request with a text that one matches is refused. "
        "Upper and lower case are the same.",
    )
    injection: Flag = Field(
        default=True,
        description="Whether requests that look like a prompt injection are refused. The rules "
        "know common wordings: they reduce such requests, they do not remove them.",
    )
    max_chars: Characters = Field(
        default=200_000, description="Longest prompt, all its texts together, in characters."
    )
    pii: Annotated[tuple[Kind, ...], Listed] = Field(
        default=(), description="Kinds of personal data looked for in prompts; none."
    )
    action: Literal["reject", "mask"] = Field(
        default="reject",
        description="What happens where they are found: the request is refused, or the model "
        "sees <KIND> instead.",
    )


class GuardOutput(Section):
    """What answers are filtered for, streamed ones too."""

    pii: Annotated[tuple[Kind, ...], Listed] = Field(
        default=COMMON,
        description="Kinds of personal data that are masked as <KIND> in answers.",
    )


class Guard(Section):
    """Presidio between the edge and the models that are guarded."""

    image: Image = Field(
        description="Presidio's analyzer image, by digest: "
        "ghcr.io/data-privacy-stack/presidio-analyzer@sha256:64 hex digits."
    )
    models: Literal["all"] | Annotated[tuple[ModelName, ...], Listed] = Field(
        default="all", description='Public names of the models that are guarded, or "all".'
    )
    input: GuardInput = Field(default_factory=GuardInput, description="Checks of requests.")
    output: GuardOutput = Field(default_factory=GuardOutput, description="Filter of answers.")
    fail: Literal["closed", "open"] = Field(
        default="closed",
        description="What clients get while the guard does not run: 503, or unguarded answers.",
    )
    nlp: Word = Field(
        default="pattern",
        description='How personal data is found: by "pattern" and checksum, or with a spaCy model '
        "of the image too (en_core_web_lg), which names of people and places need.",
    )
    language: Language = Field(
        default="en", description="Language of prompts and answers, as Presidio's recognizers are."
    )
    threshold: Annotated[float, PlainValidator(_threshold)] = Field(
        default=0.4, description="Least score of what counts as found, above 0 and up to 1."
    )
    workers: Workers = Field(default=2, description="Processes that look at texts.")
    memory: Size = Field(
        default=ByteSize(2**31), description="Most host memory the guard may use, in bytes."
    )
    drain_timeout: Seconds = Field(
        default=30, description="How long open answers may go on at a stop, in seconds."
    )

    def covers(self, model: str) -> bool:
        """Whether the model of this public name is guarded."""
        return self.models == "all" or model in self.models
