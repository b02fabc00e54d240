"""What an analysis finds in a text, and the text with the findings taken out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One entity: characters ``start`` to ``end`` of a text are of this ``kind``."""

    start: int
    end: int
    kind: str
    score: float = 1.0


Analyze = Callable[[str], list[Finding]]
"""Returns what it finds in a text, in any order; findings may overlap."""


def merged(findings: Iterable[Finding]) -> list[Finding]:
    """Return ``findings`` in order, with one for all that overlap, of the surest one's kind."""
    result: list[Finding] = []
    for each in sorted(findings, key=lambda finding: (finding.start, -finding.end)):
        last = result[-1] if result else None
        if last is None or each.start >= last.end:
            result.append(each)
            continue
        surest = max(last, each, key=lambda finding: finding.score)
        end = max(last.end, each.end)
        result[-1] = Finding(last.start, end, surest.kind, surest.score)
    return result


def masked(text: str, findings: Iterable[Finding], counts: Counter[str]) -> str:
    """Return ``text`` with ``<KIND>`` for each of ``findings``, which are in order and apart."""
    parts, at = [], 0
    for each in findings:
        parts += [text[at : each.start], f"<{each.kind}>"]
        counts[each.kind] += 1
        at = each.end
    return "".join([*parts, text[at:]])
