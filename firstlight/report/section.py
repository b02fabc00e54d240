"""What a report is made of: sections of plots and tables, each value by one PromQL expression.

Expressions take their lengths of time from :class:`firstlight.report.period.Period`. Whole times are
always asked as a subquery of windows: every sample counts, and no more of them than one window holds
is in Prometheus' memory at a time, whether an hour is asked for or a year.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

Show = Callable[[float | None], str]


@dataclass(frozen=True)
class Plot:
    """A plot: ``labels`` name its lines, ``limit`` is where it should stay below.

    Of more lines than ``keep`` those with the largest values are drawn.
    """

    title: str
    expression: str
    labels: tuple[str, ...]
    show: Show
    limit: str = ""
    keep: int = 8


@dataclass(frozen=True)
class Column:
    """A column of numbers. ``summed`` values are rates that stand for a step each."""

    title: str
    expression: str
    show: Show
    summed: bool = False


@dataclass(frozen=True)
class Table:
    """A table with a row for each value of ``labels``."""

    title: str
    labels: tuple[str, ...]
    columns: tuple[Column, ...]
    keep: int = 60


@dataclass(frozen=True)
class Section:
    """A section. ``empty`` says why there may be nothing to show."""

    key: str
    title: str
    empty: str
    plots: tuple[Plot, ...] = ()
    tables: tuple[Table, ...] = ()
    note: str = ""


def mean(rule: str) -> str:
    """Return the expression of a rule's mean in each window."""
    return f"avg_over_time({rule}[$w])"


def most(rule: str) -> str:
    """Return the expression of a rule's largest value in each window."""
    return f"max_over_time({rule}[$w])"


def mean_of_all(rule: str) -> str:
    """Return the expression of a rule's mean over the whole time."""
    return f"avg_over_time({mean(rule)}[$r:$s])"


def most_of_all(rule: str) -> str:
    """Return the expression of a rule's largest value in the whole time."""
    return f"max_over_time({most(rule)}[$r:$s])"


def sum_of_all(rate: str) -> str:
    """Return the expression of what a rate came to; times without data count as nothing.

    It is in units of the rate times the step: multiply with :attr:`Period.step`.
    """
    return f"sum_over_time({rate}[$r:$s])"


def edge(by: str, name: str = "requests_total") -> str:
    """Return the rate of one of the edge's counters by a label, in each window."""
    return f"sum by ({by}) (rate(firstlight_edge_{name}[$w]))"
