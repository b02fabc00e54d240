"""Pages of metrics as exporters wrote them: tests/monitor/expositions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).resolve().parent / "expositions"
_TYPE = re.compile(r"# TYPE (\S+) (\w+)")
_SAMPLE = re.compile(r"([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)")
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


@dataclass(frozen=True)
class Sample:
    """One line of a page; ``counts`` where its value only rises."""

    name: str
    labels: tuple[tuple[str, str], ...]
    value: str
    counts: bool

    def seen(self, **target: str) -> str:
        """The series as Prometheus keeps it: labels of the target first, others renamed."""
        own = {f"exported_{key}" if key in target else key: value for key, value in self.labels}
        inside = ",".join(f'{key}="{value}"' for key, value in {**target, **own}.items())
        return f"{self.name}{{{inside}}}"


def page(name: str) -> list[Sample]:
    """The samples of ``expositions/NAME.prom``."""
    return list(_samples((FOLDER / f"{name}.prom").read_text("utf-8")))


def names() -> set[str]:
    """Every metric of every page."""
    return {sample.name for path in FOLDER.glob("*.prom") for sample in page(path.stem)}


def _samples(text: str) -> Iterator[Sample]:
    counting: set[str] = set()
    for line in text.splitlines():
        if kind := _TYPE.match(line):
            if kind[2] in ("counter", "histogram", "summary"):
                counting.add(kind[1])
        elif not line.startswith("#") and (found := _SAMPLE.fullmatch(line)):
            family = re.sub(r"_(bucket|sum|count)$", "", found[1])
            yield Sample(
                found[1],
                tuple(_LABEL.findall(found[2] or "")),
                found[3],
                (found[1] in counting or family in counting) and 'quantile="' not in line,
            )
