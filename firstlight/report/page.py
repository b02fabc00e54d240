"""The page: HTML that needs nothing but itself. What it says is escaped by the template."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import jinja2
from markupsafe import Markup

from firstlight import __version__
from firstlight.report import period as times
from firstlight.report.period import Period
from firstlight.status import text

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Legend:
    """A line of a plot in words: ``at`` is its colour."""

    at: int
    name: str
    mean: str
    most: str


@dataclass(frozen=True)
class Picture:
    """A plot that is drawn. ``left`` says how many lines there are beside those that are shown."""

    title: str
    svg: Markup
    legend: tuple[Legend, ...]
    left: int = 0
    limit: str = ""


@dataclass(frozen=True)
class Sheet:
    """A table that is filled; the first ``names`` columns are no numbers."""

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    names: int = 1
    left: int = 0


@dataclass(frozen=True)
class Chapter:
    """A section that is read. ``empty`` says why there is nothing, ``problems`` what was not read."""

    key: str
    title: str
    note: str = ""
    pictures: tuple[Picture, ...] = ()
    sheets: tuple[Sheet, ...] = ()
    empty: str = ""
    problems: tuple[str, ...] = ()


@dataclass(frozen=True)
class Content:
    """Everything that stands on the page. ``facts`` are what it says on top, ``made`` is when."""

    site: str
    monitors: tuple[str, ...]
    period: Period
    chapters: tuple[Chapter, ...]
    facts: tuple[tuple[str, str], ...]
    made: float

    @property
    def problems(self) -> tuple[str, ...]:
        """What could not be read."""
        return tuple(problem for each in self.chapters for problem in each.problems)


def page(content: Content) -> str:
    """Return the page's text."""
    period = content.period
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["clean"] = text.clean
    return environment.get_template("page.html.j2").render(
        site=content.site,
        monitors=content.monitors,
        start=times.shown(period.start),
        end=times.shown(period.end),
        length=text.span(period.seconds),
        step=text.span(period.step),
        chapters=content.chapters,
        facts=content.facts,
        made=times.shown(content.made),
        version=__version__,
    )
