"""Contradictions in the settings of the guard."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from firstlight.settings.guard import NAMES, Guard
from firstlight.settings.problem import Problem


def guard_contradictions(
    host: str, guard: Guard | None, models: Collection[str]
) -> Iterator[Problem]:
    """Every contradiction in ``guard`` of ``host``, whose edge offers ``models``."""
    if guard is None:
        return
    for index, name in enumerate(guard.models if guard.models != "all" else ()):
        if name not in models:
            expected = f"a model that the edge offers: {', '.join(sorted(models)) or 'none'}"
            yield Problem(host, f"edge.guard.models[{index}]", name, expected)
    if guard.nlp == "pattern":
        for part, kinds in (("input", guard.input.pii), ("output", guard.output.pii)):
            for kind in sorted({*kinds} & {*NAMES}):
                expected = "a kind that a pattern can find: set edge.guard.nlp to a spaCy model"
                yield Problem(host, f"edge.guard.{part}.pii", kind, expected)
    wanted = (guard.input.banned, guard.input.injection, guard.input.pii, guard.output.pii)
    if not any(wanted):
        expected = "something to look for, or no edge.guard at all"
        yield Problem(host, "edge.guard", "a guard with all its checks off", expected)
