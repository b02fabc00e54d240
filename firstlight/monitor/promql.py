"""The names of metrics in a PromQL expression: words that are no part of the language.

Only names are looked for; whether the expression is right says promtool.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

TOKEN = re.compile(
    r"""(?P<comment>\#[^\n]*)
    | (?P<string>"(?:[^"\\\n]|\\.)*"? | '(?:[^'\\\n]|\\.)*'? | `[^`]*`?)
    | (?P<number>\.?\d[\w.]*)
    | (?P<word>[A-Za-z_:][\w:]*)
    | (?P<sign>=~|!~|!=|==|<=|>=|.)""",
    re.VERBOSE | re.DOTALL,
)
PLAIN = re.compile(r"[A-Za-z_:][A-Za-z0-9_:]*")
GROUPING = {"by", "without", "on", "ignoring", "group_left", "group_right"}
WORDS = GROUPING | {
    "and", "or", "unless", "atan2", "bool", "offset", "inf", "nan", "start", "end", "anchored", "smoothed",
}  # fmt: skip
AGGREGATORS = {
    "sum", "avg", "min", "max", "count", "group", "stddev", "stdvar", "topk", "bottomk", "quantile",
    "count_values", "limitk", "limit_ratio",
}  # fmt: skip
Token = tuple[str, str, int]


def tokens(expr: str) -> list[Token]:
    """Return kind, text and place of each part of an expression, without blanks and comments."""
    found = ((str(each.lastgroup), each[0], each.start()) for each in TOKEN.finditer(expr))
    return [each for each in found if each[0] != "comment" and each[1].strip()]


def names(expr: str) -> list[tuple[str, int]]:
    """Return the metrics that ``expr`` names exactly, each with the place where it stands.

    Names of other characters than letters, digits, `_` and `:`, which Prometheus 3 has in quotes,
    and patterns of names are left out.
    """
    return list(_names([*tokens(expr), ("end", "", 0)]))


def _names(found: list[Token]) -> Iterator[tuple[str, int]]:
    at = 0
    while found[at][0] != "end":
        kind, text, place = found[at]
        after = found[at + 1][1].lower()
        if text == "[":
            at = _past(found, at, "]")
        elif text == "{":
            end = _past(found, at, "}")
            yield from _selected(found[at:end])
            at = end
        elif text.lower() in GROUPING and after == "(":
            at = _past(found, at, ")")
        else:
            known = text.lower() in WORDS or (text.lower() in AGGREGATORS and after in GROUPING)
            if kind == "word" and after != "(" and not known:
                yield text, place
            at += 1


def _past(found: list[Token], at: int, end: str) -> int:
    """Return the place after the next ``end``, or that of the expression's."""
    while found[at][0] != "end":
        at += 1
        if found[at - 1][:2] == ("sign", end):
            break
    return at


def _selected(inside: list[Token]) -> Iterator[tuple[str, int]]:
    """Yield the names in braces: ``{__name__="…"}``, and ``{"…"}`` of Prometheus 3."""
    for place, (kind, text, at) in enumerate(inside):
        if kind != "string" or not PLAIN.fullmatch(text[1:-1]):
            continue
        before = [each[1] for each in inside[max(0, place - 2) : place]]
        alone = before[-1:] in (["{"], [","]) and inside[place + 1 : place + 2]
        if before == ["__name__", "="] or (alone and inside[place + 1][1] in ("}", ",")):
            yield text[1:-1], at
