"""Numbers and names as people read them: names come from hosts and clients, and are not trusted."""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime

NOTHING = "–"
"""Stands where nobody knows: an engine that does not measure it, a host that does not answer."""
_SIZES = ("B", "KiB", "MiB", "GiB", "TiB")
# Of a name or a summary: what is longer is nobody's to read in a table.
LONGEST = 300


def clean(text: str, longest: int = LONGEST) -> str:
    """Return ``text`` on one line, without anything that steers a terminal or turns text around."""
    shown = "".join(plain(each) for each in text[: longest + 1])
    return shown if len(text) <= longest else shown[:longest] + "…"


def plain(character: str) -> str:
    """Return a character, or how Python writes it where it is not to be seen itself."""
    if character in "\n\t":
        return " "
    # Control, format (bidirectional overrides, zero width), surrogates, private use, unassigned.
    hidden = unicodedata.category(character)[0] == "C"
    return ascii(character)[1:-1] if hidden else character


def number(value: float | None, digits: int = 0) -> str:
    """Return a number with thousands apart."""
    return NOTHING if value is None else f"{value:,.{digits}f}"


def rate(value: float | None) -> str:
    """Return a rate with as many digits as tell something."""
    if value is None:
        return NOTHING
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 1 else f"{value:.2g}"


def share(value: float | None, digits: int = 0) -> str:
    """Return a share as percent."""
    return NOTHING if value is None else f"{100 * value:.{digits}f} %"


def seconds(value: float | None) -> str:
    """Return a latency."""
    if value is None:
        return NOTHING
    return f"{1000 * value:.0f} ms" if value < 1 else f"{value:.1f} s"


def size(value: float | None) -> str:
    """Return a size in bytes."""
    if value is None:
        return NOTHING
    at = 0
    while value >= 1024 and at < len(_SIZES) - 1:
        value, at = value / 1024, at + 1
    return f"{value:.0f} {_SIZES[at]}" if value >= 100 or at == 0 else f"{value:.1f} {_SIZES[at]}"


def span(value: float | None) -> str:
    """Return a length of time in its largest units: ``45 s``, ``12 min``, ``3 h``, ``9 d``."""
    if value is None:
        return NOTHING
    if value < 120:
        return f"{value:.0f} s"
    if value < 7200:
        return f"{value / 60:.0f} min"
    return f"{value / 3600:.0f} h" if value < 172800 else f"{value / 86400:.0f} d"


def moment(value: float | None, form: str = "%Y-%m-%d %H:%M") -> str:
    """Return a Unix time in UTC."""
    return NOTHING if value is None else datetime.fromtimestamp(value, UTC).strftime(form)


def tag(image: str) -> str:
    """Return the tag of an image, else the beginning of its digest."""
    name, _, digest = image.partition("@")
    last = name.rsplit("/", 1)[-1]
    return last.partition(":")[2] or digest.removeprefix("sha256:")[:12] or last or NOTHING
