"""A text that comes in pieces, let through as soon as no entity can be cut in two.

Entities of the usual kinds are one word (an address), or a run of words with digits (a card's
number in groups). So the last word is held back until it is complete, and with it a run of such
words before it: prose flows one word behind, a number comes out when the words after it show that
it has ended. Both are bounded: what is longer than the bounds can be let through in part.
"""

from __future__ import annotations

import re
from collections import Counter

from firstlight.guard.finding import Analyze, Finding, masked, merged
from firstlight.guard.spotting import TELLING

CONTEXT = 64
"""Characters let through already that an analysis still sees."""
RUN = 64
"""Longest run of several words that is held, in characters: an IBAN in groups has 42."""
LONGEST = 256
"""Longest text that is held, in characters."""

# Scripts without spaces, and pictures, end a word as a space does: their texts would be held whole.
WORD = re.compile(r"[^\s\u2e80-\uffef\U0001f000-\U0003ffff]+")
NUMBER = re.compile(r"[^\d]*\d|[+()./-]+$")
GROUP = re.compile(r"[A-Z0-9]{1,4}$")
"""Letters between groups of digits, as a bank's in an IBAN."""
SENTENCE = re.compile(r"[.!?\n]\s|\n")


class Hold:
    """One text of a stream.

    ``sentences`` holds whole sentences, which a language model needs to find names in; ``signs``
    tells that only kinds with cheap signs are looked for. ``counts`` gets what was masked.
    """

    def __init__(
        self, analyze: Analyze, counts: Counter[str], *, sentences: bool = False, signs: bool = True
    ) -> None:
        self._analyze, self._counts = analyze, counts
        self._sentences, self._signs = sentences, signs
        self._context = self._held = ""

    def feed(self, text: str) -> str:
        """Take the next piece; return what can be let through, perhaps nothing."""
        self._held += text
        return self._release(self._cut(), last=False)

    def flush(self) -> str:
        """Return what is still held: the text has ended."""
        return self._release(len(self._held), last=True)

    @property
    def empty(self) -> bool:
        """Whether nothing is held."""
        return not self._held

    def _cut(self) -> int:
        """How many of the held characters end before anything that may go on."""
        length, cut = len(self._held), unfinished(self._held)
        if self._sentences:
            ends = [found.end() for found in SENTENCE.finditer(self._held, 0, cut)]
            if ends or length <= LONGEST:
                return ends[-1] if ends else 0
        return max(cut, length - LONGEST)

    def _release(self, cut: int, last: bool) -> str:
        if cut <= 0:
            return ""
        whole, base = self._context + self._held, len(self._context)
        at = base + cut
        findings: list[Finding] = []
        if not self._signs or TELLING.search(self._held, 0, cut):
            findings = [each for each in merged(self._analyze(whole)) if each.end > base]
        for each in findings:
            if each.start < at < each.end:
                # It may grow yet; where there is no more room, it goes out masked as it is.
                at = each.end if last or len(self._held) >= LONGEST else max(base, each.start)
        inside = [
            Finding(max(0, each.start - base), each.end - base, each.kind)
            for each in findings
            if each.end <= at
        ]
        text = masked(whole[base:at], inside, self._counts)
        self._context, self._held = whole[:at][-CONTEXT:], whole[at:]
        return text


def unfinished(text: str) -> int:
    """Return where in ``text`` that begins which may go on: its last word, and a run before it."""
    words = list(WORD.finditer(text))
    start = len(text)
    if words and words[-1].end() == start:
        start = words.pop().start()
    while words:
        number = NUMBER.match(words[-1][0]) is not None
        between = len(words) > 1 and GROUP.match(words[-1][0]) and NUMBER.match(words[-2][0])
        if not (number or between) or len(text) - words[-1].start() > RUN:
            break
        start = words.pop().start()
    return start
