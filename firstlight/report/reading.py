"""From sections to chapters: what is asked of a monitor, and what its answers become."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from firstlight.monitor.query import Answers, Ask, Series, at, over
from firstlight.report import plot
from firstlight.report.page import Chapter, Legend, Picture, Sheet
from firstlight.report.period import Period
from firstlight.report.section import Column, Plot, Section, Table
from firstlight.status import text
from firstlight.status.rows import natural

Found = Sequence[tuple[str, Answers]]
"""Each monitor that was asked, and what it answered."""


@dataclass(frozen=True)
class Scene:
    """What all plots have in common: ``marks`` are moments of deploys, ``limits`` what is promised."""

    period: Period
    marks: Sequence[float] = ()
    limits: Mapping[str, float] = field(default_factory=dict)


def questions(section: Section, period: Period) -> dict[str, Ask]:
    """Return everything that a section asks."""
    asked = {
        f"plot.{index}": over(
            period.filled(each.expression), period.start, period.end, period.step, each.keep
        )
        for index, each in enumerate(section.plots)
    }
    for index, table in enumerate(section.tables):
        for place, column in enumerate(table.columns):
            name = f"table.{index}.{place}"
            asked[name] = at(period.filled(column.expression), period.end, table.keep)
    return asked


def chapter(
    section: Section,
    scene: Scene,
    found: Found,
) -> Chapter:
    """Return a section with what was found for it."""
    pictures = [
        drawn
        for index, each in enumerate(section.plots)
        if (drawn := picture(each, f"plot.{index}", scene, found))
    ]
    sheets = [
        filled
        for index, each in enumerate(section.tables)
        if (filled := sheet(each, f"table.{index}", scene.period, found))
    ]
    problems = errors(found)  # what could not be read is no sign that nothing was there
    return Chapter(
        section.key,
        section.title,
        section.note,
        tuple(pictures),
        tuple(sheets),
        "" if pictures or sheets or problems else section.empty,
        problems,
    )


def errors(found: Found) -> tuple[str, ...]:
    """Return why questions have no answer, each reason once."""
    said = [
        f"{monitor}: {answers.error(name)}"
        for monitor, answers in found
        for name in answers.found
        if answers.error(name)
    ]
    return tuple(dict.fromkeys(said))


def named(labels: tuple[str, ...], series: Series, monitor: str) -> tuple[str, ...]:
    """Return the names of a row or a line; ``monitor`` where several were asked."""
    names = tuple(series.labels.get(label, "") or "(none)" for label in labels)
    return (*((monitor,) if monitor else ()), *names)


def picture(
    asked: Plot,
    name: str,
    scene: Scene,
    found: Found,
) -> Picture | None:
    """Return a plot, drawn; None where there is no value to draw."""
    several = len(found) > 1
    lines = [
        plot.Line(" ".join(named(asked.labels, each, monitor if several else "")), each.points)
        for monitor, answers in found
        for each in answers.series(name)
    ]
    lines = sorted((each for each in lines if each.values), key=lambda each: -max(each.values))
    left = sum(answers.left(name) for _, answers in found) + max(0, len(lines) - asked.keep)
    lines = lines[: asked.keep]
    if not lines:
        return None
    limit = scene.limits.get(asked.limit)
    legend = tuple(
        Legend(
            index % plot.COLOURS,
            each.name or asked.title,
            asked.show(sum(each.values) / len(each.values)),
            asked.show(max(each.values)),
        )
        for index, each in enumerate(lines)
    )
    image = plot.svg(lines, scene.period, asked.show, limit, scene.marks)
    return Picture(asked.title, image, legend, left, "" if limit is None else asked.show(limit))


def sheet(asked: Table, name: str, period: Period, found: Found) -> Sheet | None:
    """Return a table, filled; None where it has no row."""
    several = len(found) > 1
    values: list[dict[tuple[str, ...], float | None]] = []
    left = 0
    for place in range(len(asked.columns)):
        column: dict[tuple[str, ...], float | None] = {}
        for monitor, answers in found:
            left = max(left, answers.left(f"{name}.{place}"))
            for each in answers.series(f"{name}.{place}"):
                column[named(asked.labels, each, monitor if several else "")] = each.value
        values.append(column)
    keys = sorted({key for column in values for key in column}, key=natural)
    if not keys:
        return None
    rows = [
        (
            *key,
            *(cell(values[n].get(key), each, period) for n, each in enumerate(asked.columns)),
        )
        for key in keys[: asked.keep]
    ]
    heads = (*(("monitor",) if several else ()), *map(head, asked.labels))
    left += max(0, len(keys) - asked.keep)
    titles = tuple(each.title for each in asked.columns)
    return Sheet(asked.title, (*heads, *titles), tuple(rows), len(heads), left)


def cell(value: float | None, column: Column, period: Period) -> str:
    """Return a number of a table; of a sum every value stands for a step."""
    return column.show(None if value is None else value * period.step if column.summed else value)


def head(label: str) -> str:
    """Return how a label is called on the page."""
    return {"instance": "host", "modelName": "name", "gpu": "GPU"}.get(label, text.clean(label))
