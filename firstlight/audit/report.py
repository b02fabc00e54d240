"""Findings as people read them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import click

from firstlight.audit.exposure import Seen, said
from firstlight.audit.finding import LEVELS, Finding

_COLOURS = {"fail": "red", "warn": "yellow", "note": "blue", "off": "bright_black"}
_WIDTH = 26


def table(host: str, findings: Sequence[Finding], seen: Iterable[Seen] = ()) -> str:
    """Return one host's part of the report; colours are for click to take out."""
    lines = [click.style(host, bold=True)]
    lines += [f"  {line}" for each in seen for line in looked(each)]
    for each in findings:
        level = click.style(f"{each.level:<4}", fg=_COLOURS[each.level], bold=each.level == "fail")
        lines.append(f"  {level}  {each.control:<{_WIDTH}}{each.what}")
        indent = " " * (8 + _WIDTH)
        if each.why:
            lines.append(f"{indent}why: {each.why}")
        if each.fix:
            lines.append(f"{indent}fix: {each.fix}")
    if not any(each.level in ("fail", "warn") for each in findings):
        lines.append(click.style("  everything is as it was declared", fg="green"))
    return "\n".join(lines)


def looked(seen: Seen) -> Iterable[str]:
    """Yield what was seen of an address, in one line."""
    if seen.error and seen.silent:
        yield f"{seen.address} from {seen.vantage}: not reached ({seen.error})"
        return
    ports = sum(high - low + 1 for low, high in dict.fromkeys(seen.asked))
    answer = f"TCP {said(seen.tcp) or 'nothing'}"
    if seen.udp:
        answer += f", UDP {said(seen.udp)}"
    closed = seen.counts.get("closed", 0)
    rest = f"{closed} refuse, {seen.counts.get('silent', 0)} silent"
    yield f"{seen.address} from {seen.vantage}: {answer} of {ports} TCP ports ({rest})"


def counted(findings: Iterable[Finding]) -> str:
    """Return how many findings there are of each level."""
    counts = Counter(each.level for each in findings)
    return ", ".join(f"{counts[level]} {level}" for level in LEVELS)
