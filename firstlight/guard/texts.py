"""Texts with personal data masked: whole ones, and holds for those that come in pieces."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from firstlight.guard.finding import Analyze, masked, merged
from firstlight.guard.hold import Hold
from firstlight.guard.spotting import SIGNS

PIECE = 256
"""A long text is analysed in pieces of so many characters: the time an analysis takes is more than
proportional, and pieces without signs take none."""


@dataclass(frozen=True)
class Masks:
    """What to look for: ``kinds`` by ``analyze``; ``sentences`` where names are among them."""

    analyze: Analyze
    kinds: tuple[str, ...]
    sentences: bool = False

    def texts(self) -> Texts:
        """Return what masks the texts of one request or answer."""
        return Texts(self)


@dataclass
class Texts:
    """The texts of one request or answer; ``counts`` says how many of each kind were masked."""

    masks: Masks
    counts: Counter[str] = field(default_factory=Counter)

    def whole(self, text: str) -> str:
        """Return ``text`` masked."""
        if len(text) <= 2 * PIECE:
            return masked(text, merged(self.masks.analyze(text)), self.counts)
        hold = self.hold()
        pieces = [hold.feed(text[at : at + PIECE]) for at in range(0, len(text), PIECE)]
        return "".join([*pieces, hold.flush()])

    def hold(self) -> Hold:
        """Return a hold for one text of a stream."""
        masks = self.masks
        signs = all(kind in SIGNS for kind in masks.kinds)
        return Hold(masks.analyze, self.counts, sentences=masks.sentences, signs=signs)
