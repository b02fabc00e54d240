"""A page of metrics in Prometheus' text format, for node exporter's textfile collector."""

from __future__ import annotations

import os
from pathlib import Path

ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n"})


class Page:
    """Metrics by name, each with its help, its kind and its samples."""

    def __init__(self) -> None:
        self._heads: dict[str, str] = {}
        self._samples: dict[str, dict[str, float]] = {}

    def add(
        self, name: str, about: str, value: float | bool, kind: str = "gauge", /, **labels: str
    ) -> None:
        """Add one sample. A label without a value is left out, a second sample replaces the first."""
        self._heads[name] = f"# HELP {name} {about}\n# TYPE {name} {kind}\n"
        told = ",".join(
            f'{key}="{text.translate(ESCAPES)}"' for key, text in sorted(labels.items()) if text
        )
        series = f"{name}{{{told}}}" if told else name
        self._samples.setdefault(name, {})[series] = float(value)

    def text(self) -> str:
        """Return the page, in an order that does not change."""
        return "".join(
            self._heads[name]
            + "".join(f"{series} {number(value)}\n" for series, value in sorted(samples.items()))
            for name, samples in sorted(self._samples.items())
        )


def number(value: float) -> str:
    """Return ``value`` without an exponent or a needless fraction: times stay readable."""
    return str(int(value)) if value == int(value) else repr(value)


def replaced(path: Path, text: str, mode: int = 0o644) -> None:
    """Write ``text`` so that a reader sees the old file or the new one.

    It is not synced: it is written again within a minute, and lost with the boot that it speaks of.
    """
    # The collector reads *.prom: the draft must not end so.
    draft = path.with_name(path.name + ".firstlight-new")
    with draft.open("w", encoding="utf-8") as file:
        os.fchmod(file.fileno(), mode)
        file.write(text)
    draft.replace(path)
