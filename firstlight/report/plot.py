"""Plots as inline SVG: nothing is loaded, colours come from the page, so that dark and print fit.

Plotting libraries were looked at: pygal brings a script from elsewhere and a style for each chart,
matplotlib and plotly bring megabytes. What is needed here is lines over time.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from markupsafe import Markup

from firstlight.report.period import Period
from firstlight.report.section import Show
from firstlight.status import text

WIDTH, HEIGHT = 720, 190
LEFT, RIGHT, TOP, BOTTOM = 70, 20, 8, 22
COLOURS = 8
_TICKS = 4
_MARKS = 60
# Lengths between two ticks of the time axis, in seconds.
_TIMES = (60, 300, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800, 2592000)
Points = Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Line:
    """One line of a plot."""

    name: str
    points: Points

    @property
    def values(self) -> list[float]:
        """Its values, without those that are no numbers."""
        return [value for _, value in self.points if math.isfinite(value)]


@dataclass(frozen=True)
class Scale:
    """Where a moment and a value stand in the picture."""

    period: Period
    low: float
    high: float

    def x(self, moment: float) -> float:
        """Return the place of a Unix time."""
        share = (moment - self.period.start) / self.period.seconds
        return LEFT + share * (WIDTH - LEFT - RIGHT)

    def y(self, value: float) -> float:
        """Return the place of a value."""
        share = (value - self.low) / (self.high - self.low)
        return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)


def svg(
    lines: Sequence[Line], period: Period, show: Show, limit: float | None, marks: Iterable[float]
) -> Markup:
    """Return the picture of ``lines``; ``limit`` is drawn across it, ``marks`` are moments."""
    values = [value for each in lines for value in each.values]
    top = max([*values, *((limit,) if limit and min(values) > limit / 20 else ())])
    scale = Scale(period, min(0.0, *values, 0.0), (top or 1.0) * 1.05)
    parts = [*grid(scale, show), *times(scale)]
    parts += [mark(scale, each) for each in list(marks)[:_MARKS]]
    if limit is not None and limit <= scale.high:
        y = scale.y(limit)
        parts.append(
            Markup('<path class="limit" d="M{} {:.1f}H{}"><title>limit {}</title></path>').format(
                LEFT, y, WIDTH - RIGHT, show(limit)
            )
        )
    parts += [curve(scale, each, at, show) for at, each in enumerate(lines)]
    frame = Markup('<svg viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>')
    names = ", ".join(text.clean(each.name) for each in lines)
    return frame.format(WIDTH, HEIGHT, names, Markup("").join(parts))


def nice(span: float) -> float:
    """Return a round length between ticks."""
    raw = span / _TICKS
    power = 10.0 ** math.floor(math.log10(raw))
    return next(step * power for step in (1, 2, 2.5, 5, 10) if step * power >= raw)


def grid(scale: Scale, show: Show) -> Iterator[Markup]:
    """Yield the lines across, each with its value."""
    step = nice(scale.high - scale.low)
    value = math.ceil(scale.low / step) * step
    while value <= scale.high:
        y = scale.y(value)
        yield Markup('<path class="grid" d="M{} {:.1f}H{}"/>').format(LEFT, y, WIDTH - RIGHT)
        label = Markup('<text x="{}" y="{:.1f}" text-anchor="end">{}</text>')
        yield label.format(LEFT - 5, y + 4, "0" if value == 0 else show(value))
        value += step


def times(scale: Scale) -> Iterator[Markup]:
    """Yield the times below."""
    seconds = scale.period.seconds
    step = next((each for each in _TIMES if seconds / each <= 8), _TIMES[-1])
    form = "%H:%M" if step < 43200 else "%m-%d" if seconds < 300 * 86400 else "%Y-%m"
    moment = math.ceil(scale.period.start / step) * step
    while moment <= scale.period.end:
        shown = datetime.fromtimestamp(moment, UTC)
        is_day = step < 43200 and shown.hour == shown.minute == 0
        label = Markup('<text x="{:.1f}" y="{}" text-anchor="middle">{}</text>')
        word = shown.strftime("%m-%d" if is_day else form)
        yield label.format(scale.x(moment), HEIGHT - 6, word)
        moment += step


def mark(scale: Scale, moment: float) -> Markup:
    """Return the line of a deploy."""
    path = '<path class="mark" d="M{:.1f} {}V{}"><title>deploy {} UTC</title></path>'
    when = text.moment(moment)
    return Markup(path).format(scale.x(moment), TOP, HEIGHT - BOTTOM, when)


def curve(scale: Scale, line: Line, at: int, show: Show) -> Markup:
    """Return a line; where nothing was measured it has a gap."""
    drawn = []
    before: float | None = None
    for moment, value in line.points:
        if not math.isfinite(value):
            before = None
            continue
        joined = before is not None and moment - before <= 1.5 * scale.period.step
        place = f"{scale.x(moment):.1f} {scale.y(value):.1f}"
        # A point alone is drawn as well: a line of no length with round ends.
        drawn.append(f"L{place}" if joined else f"M{place}h0")
        before = moment
    path = '<path class="line c{}" d="{}"><title>{}: most {}</title></path>'
    most = show(max(line.values)) if line.values else text.NOTHING
    return Markup(path).format(at % COLOURS, "".join(drawn), text.clean(line.name), most)
