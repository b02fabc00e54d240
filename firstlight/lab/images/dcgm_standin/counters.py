"""The list of counters, read as the real exporter reads it: with its refusals."""

from __future__ import annotations

import csv
import sys
from dataclasses import dataclass
from pathlib import Path

from . import fields

KINDS = ("gauge", "counter", "histogram", "summary", "label")
WIDTH = 3


class RefusedError(Exception):
    """Why the exporter does not start with such a list."""


@dataclass(frozen=True)
class Counter:
    """A line of the list."""

    name: str
    kind: str
    help: str


def log(level: str, text: str) -> None:
    """As the real one's log."""
    print(f'level={level} msg="{text}" simulated=SIMULATED', file=sys.stderr, flush=True)


def read(path: Path, *, profiling: bool) -> list[Counter]:
    """The counters of a list, without those of profiling where no GPU has it.

    Raises RefusedError.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise RefusedError(f"Could not read metrics file '{path}'; err: {error}") from error
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    found = []
    for number, record in enumerate(csv.reader(lines)):
        words = [word.strip(" ") for word in record]
        if len(words) != WIDTH:
            raise RefusedError(
                f"malformed CSV record; err: failed to parse line {number} (`{words}`), "
                "expected 3 fields"
            )
        counter = Counter(*words)
        if not _known(counter):
            why = f"unknown ExporterCounter field '{counter.name}'"
            raise RefusedError(f"could not find DCGM field; err: {why}")
        if counter.name.startswith("DCGM_FI_PROF_") and not profiling:
            log("WARN", f"Skipping line {number} ('{counter.name}'): metric not enabled")
            continue
        if counter.kind not in KINDS:
            raise RefusedError(f"could not find Prometheus metric type '{counter.kind}'")
        found.append(counter)
    return found


def _known(counter: Counter) -> bool:
    name = counter.name
    return name in fields.KNOWN or name in fields.LABELS or name in fields.EXPORTER
