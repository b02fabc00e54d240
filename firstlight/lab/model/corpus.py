"""The text the tiny tokenizer learns from: about 40 KB, the same on every machine.

It is made from word lists and sentence patterns instead of being kept as a file, and every
choice comes from SHA-256, so no version of Python or of a library can change a letter of it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

SIZE = 40_000
"""Least number of characters in the corpus."""

# fmt: off
SUBJECTS = (
    "the telescope", "a new mirror", "the night observer", "our dome", "the first photon",
    "the quiet star", "a distant galaxy", "the camera", "the control room", "an old astronomer",
    "the spectrograph", "a faint nebula", "the guide star", "the young student", "the engineer",
    "a server in the rack", "the cooling fan", "the small model", "an answer", "the question",
    "the power supply", "the network switch", "a patient operator", "the scheduler", "the queue",
    "the edge of the cluster", "one careful reader", "the morning shift", "a long exposure",
    "the calibration lamp", "the mountain road", "the weather station", "the archive",
)
VERBS = (
    "collects", "reflects", "follows", "measures", "remembers", "answers", "carries", "opens",
    "closes", "records", "compares", "returns", "reaches", "waits for", "looks toward", "finds",
    "describes", "protects", "restarts", "announces", "balances", "samples", "stores", "shows",
    "explains", "repeats", "forgets", "counts", "warms", "cools", "moves", "turns away from",
)
OBJECTS = (
    "the light", "every token", "the horizon", "a thin cloud", "the silence", "the signal",
    "a stream of numbers", "the spectrum", "the darkness between two stars", "the request",
    "a narrow band of colour", "the temperature of the detector", "the next image", "the log",
    "a bright comet", "the rings of a planet", "the moon", "an empty page", "the whole sky",
    "the memory of the machine", "a single word", "the weights", "the certificate", "the key",
    "the shape of the orbit", "the dust", "its own reflection", "the list of known hosts",
    "a question nobody asked", "the answer from yesterday", "the noise", "the pattern",
)
PLACES = (
    "above the valley", "beside the window", "under a clear sky", "in the control room",
    "behind the second mirror", "at the end of the corridor", "between the racks",
    "near the southern pole", "across the desert", "inside the instrument", "on the balcony",
    "below the clouds", "along the fibre", "within the same minute", "over the ocean",
)
TIMES = (
    "before dawn", "after midnight", "every evening", "in winter", "for the first time",
    "twice a year", "at sunset", "during the eclipse", "without a pause", "once more",
    "since the last maintenance", "while the others sleep", "until the batch is finished",
)
MANNERS = (
    "slowly", "with great care", "almost by accident", "precisely", "in good order", "quickly",
    "without complaint", "as expected", "quietly", "from memory", "in parallel", "again",
)
LINKS = (
    "because", "and then", "although", "so that", "while", "until", "whenever", "but",
)
OPENINGS = (
    "Tonight,", "Usually,", "In other words,", "According to the notes,", "As a rule,", "Later,",
    "For example,", "By contrast,", "To be exact,", "Nobody knows why", "It is said that",
    "Strictly speaking,",
)
# fmt: on
QUESTIONS = (
    "What is the distance to {obj}?",
    "Why does {sub} stop {place}?",
    "Who are you, and where is {obj}?",
    "How often should {sub} be checked {time}?",
    "Can {sub} see {obj} {place}?",
)
FACTS = (
    "The exposure took {number} seconds and the sky was {tenth} percent clear.",
    "Instrument {number}: gain {tenth}, offset {small}, status ready.",
    "Field {number} was seen {small} times; {sub} {verb} {obj} each time.",
    "* {sub}: {number} units, {manner}",
    "See chapter {small}, section {tenth}, for {obj}.",
)


class _Chooser:
    """An endless row of choices, each from the SHA-256 of its position."""

    def __init__(self) -> None:
        self._position = 0

    def number(self, below: int) -> int:
        digest = hashlib.sha256(f"first light {self._position}".encode()).digest()
        self._position += 1
        return int.from_bytes(digest[:8], "big") % below

    def one(self, words: tuple[str, ...]) -> str:
        return words[self.number(len(words))]


def _clause(pick: _Chooser) -> str:
    parts = [pick.one(SUBJECTS), pick.one(VERBS), pick.one(OBJECTS)]
    extra = pick.number(4)
    if extra == 1:
        parts.append(pick.one(PLACES))
    elif extra == 2:
        parts.append(pick.one(TIMES))
    elif extra == 3:
        parts.append(pick.one(MANNERS))
    return " ".join(parts)


def _filled(pick: _Chooser, pattern: str) -> str:
    return pattern.format(
        sub=pick.one(SUBJECTS),
        verb=pick.one(VERBS),
        obj=pick.one(OBJECTS),
        place=pick.one(PLACES),
        time=pick.one(TIMES),
        manner=pick.one(MANNERS),
        number=pick.number(2000),
        small=pick.number(30),
        tenth=f"{pick.number(100)}.{pick.number(10)}",
    )


def _sentence(pick: _Chooser) -> str:
    kind = pick.number(10)
    if kind == 0:
        return _filled(pick, pick.one(QUESTIONS))
    if kind == 1:
        return _filled(pick, pick.one(FACTS))
    if kind < 4:
        text = f"{pick.one(OPENINGS)} {_clause(pick)}"
    elif kind < 7:
        text = f"{_clause(pick)} {pick.one(LINKS)} {_clause(pick)}"
    else:
        text = _clause(pick)
    return f"{text[0].upper()}{text[1:]}."


def paragraphs() -> Iterator[str]:
    """Yield paragraphs of original text until at least `SIZE` characters are out."""
    pick = _Chooser()
    written = 0
    while written < SIZE:
        text = " ".join(_sentence(pick) for _ in range(3 + pick.number(5))) + "\n\n"
        written += len(text)
        yield text
