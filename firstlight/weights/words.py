"""Sizes, progress and contents of a store in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

_HEAD = ("WEIGHTS", "SIZE", "STATE", "USED BY", "SOURCE")


def size(number: float) -> str:
    """Return bytes as a person reads them, by powers of ten like disks and networks."""
    for unit in ("B", "kB", "MB"):
        if number < 1000:
            return f"{number:.0f} {unit}"
        number /= 1000
    return f"{number:.2f} GB"


def duration(seconds: float) -> str:
    """Return a time as a person reads it."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def so_far(done: int, total: int, rate: float) -> str:
    """Return how far a transfer is: bytes, of how many, speed, time left; rate in bytes/s."""
    text = f"{size(done)} of {size(total)}" if total else size(done)
    text += f", {max(rate, 0) / 1e6:.0f} MB/s"
    if total > done and rate > 0:
        text += f", {duration((total - done) / rate)} left"
    return text


def table(host: str, found: Sequence[Mapping[str, Any]]) -> str:
    """Return the contents of one host's store as lines."""
    if not found:
        return f"{host}: no weights"
    rows = [_HEAD]
    for each in found:
        users = each["used_by"] or [f"{name} (not started)" for name in each["models"]]
        rows.append(
            (
                each["folder"],
                size(each["bytes"]),
                _state(each),
                ", ".join(users) or "nobody",
                each["source"],
            )
        )
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD) - 1)]
    lines = [
        "  ".join([*(cell.ljust(w) for cell, w in zip(row, widths, strict=False)), row[-1]])
        for row in rows
    ]
    return "\n".join([f"{host}:", *(f"  {line}".rstrip() for line in lines)])


def _state(each: Mapping[str, Any]) -> str:
    if each["incoming"]:
        return "partly fetched"
    if each["wrong"]:
        return f"corrupt: {', '.join(each['wrong'])}"
    return "complete" if each["complete"] else "incomplete"


def waste(host: str, found: Sequence[Mapping[str, Any]]) -> str:
    """Return what a host's store can do without, as lines."""
    if not found:
        return f"{host}: everything in the store is in use"
    lines = [f"  {size(each['bytes']):>10}  {each['path']}" for each in found]
    return "\n".join(
        [f"{host}: {size(sum(each['bytes'] for each in found))} that nobody uses", *lines]
    )
