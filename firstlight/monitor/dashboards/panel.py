"""What a dashboard is made of, in few words: queries, panels, rows, variables.

Nothing here knows Grafana's JSON; ``page`` writes that.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from firstlight.monitor.dashboards.scope import Scope

Kind = Literal["timeseries", "stat", "bargauge", "table"]

RATIO, SECONDS, COUNT = "percentunit", "s", "short"
BYTES, WATTS, CELSIUS = "bytes", "watt", "celsius"
BYTES_PER_SECOND, REQUESTS = "Bps", "reqps"
TOKENS, MOMENT, WORDS = "suffix: tokens/s", "dateTimeFromNow", "none"
MONEY = "currency"
"""The site's own currency: its letters are known when the page is written."""

Steps = tuple[tuple[float, str], ...]
"""Colours from a value on; below the first one it is green."""
BUSY: Steps = ((0.8, "yellow"), (0.95, "red"))
SOME: Steps = ((1, "red"),)
UP = {0: ("down", "red"), 1: ("up", "green")}
DAYS_LEFT: Steps = ((float("-inf"), "red"), (3 * 86400, "yellow"), (14 * 86400, "green"))
YES = {0: ("no", "green"), 1: ("yes", "red")}
DONE = {0: ("failed", "red"), 1: ("done", "green")}
Words = dict[int, tuple[str, str]]
"""What is shown instead of a number, and in which colour."""


@dataclass(frozen=True)
class Query:
    """One PromQL expression; ``name`` is its legend, in a table the heading of its column."""

    expression: str
    name: str = ""
    unit: str = ""
    """In a table: the column's own unit."""
    steps: Steps = ()
    words: Words | None = None
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Panel:
    """One panel. ``width`` and ``height`` are Grafana's units: 24 make a line.

    ``needs``: it is shown where the site has one of these parts, and always without any.
    """

    title: str
    description: str
    unit: str
    queries: tuple[Query, ...]
    kind: Kind = "timeseries"
    width: int = 8
    height: int = 7
    needs: tuple[str, ...] = ()
    steps: Steps = ()
    words: Words | None = None
    least: float | None = None
    most: float | None = None
    stacked: bool = False
    by: tuple[str, ...] = ()
    """Of a table: the labels that tell its lines apart."""
    leads: tuple[tuple[str, str], ...] = ()
    """Of a table: labels whose values lead to a dashboard, by the dashboard's uid."""


@dataclass(frozen=True)
class Row:
    """Panels below a heading. ``repeat`` names the variable that has a row for each value."""

    title: str
    panels: tuple[Panel, ...]
    needs: tuple[str, ...] = ()
    repeat: str = ""


@dataclass(frozen=True)
class Variable:
    """A choice at the top: the values of ``label`` of ``metric``, all of them at first."""

    name: str
    title: str
    metric: str
    label: str
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Dashboard:
    """One dashboard. ``uid`` is its address in Grafana, which never changes."""

    uid: str
    title: str
    description: str
    rows: tuple[Row, ...]
    variables: tuple[Variable, ...] = ()
    needs: tuple[str, ...] = ()
    since: str = "now-6h"

    def within(self, scope: Scope) -> Dashboard:
        """Return it without what this site has not: no panel stays empty for ever."""
        rows = tuple(
            replace(row, panels=tuple(_within(row.panels, scope)))
            for row in self.rows
            if scope.has(row.needs)
        )
        kept = tuple(row for row in rows if row.panels)
        chosen = tuple(each for each in self.variables if scope.has(each.needs))
        return replace(self, rows=kept, variables=chosen)

    @property
    def panels(self) -> tuple[Panel, ...]:
        """All its panels, in their order."""
        return tuple(panel for row in self.rows for panel in row.panels)


def _within(panels: tuple[Panel, ...], scope: Scope) -> Iterator[Panel]:
    for panel in panels:
        queries = tuple(query for query in panel.queries if scope.has(query.needs))
        if scope.has(panel.needs) and queries:
            yield replace(panel, queries=queries)


def quantiles(metric: str, where: str, names: str) -> tuple[Query, ...]:
    """Return the queries of p50, p95 and p99 of ``metric``; ``names`` are labels in the legend."""
    return tuple(
        Query(f"{metric}:{each}{{{where}}}", f"{names} {each}".strip())
        for each in ("p50", "p95", "p99")
    )
