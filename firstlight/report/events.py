"""What happened at a moment: alerts that fired, and deploys."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from firstlight.monitor.query import Ask, Series, over
from firstlight.report.page import Chapter, Sheet
from firstlight.report.period import Period
from firstlight.report.reading import Found, errors
from firstlight.status import text

MOST = 200
_ALERTS = 'ALERTS{alertstate="firing",alertname!="Watchdog"}'
_HIDDEN = ("alertname", "alertstate", "severity", "instance", "monitor", "site", "__name__")
_WHEN = "%m-%d %H:%M"


@dataclass(frozen=True)
class Firing:
    """An alert from its first to its last window in which it fired; ``lasts`` at the end of all."""

    labels: Mapping[str, str]
    start: float
    end: float
    lasts: bool


@dataclass(frozen=True)
class Run:
    """A run of firstlight on a host: which version, and which operation failed."""

    host: str
    time: float
    success: float | None
    version: str
    operation: str


def questions(period: Period) -> dict[str, Ask]:
    """Return what is asked about alerts and deploys."""
    names = {
        "alerts": f"max_over_time({_ALERTS}[$w])",
        "runs": "max_over_time(firstlight_deploy_time_seconds[$w])",
        # Of the last run: a window may hold the result of the one before as well.
        "success": "last_over_time(firstlight_deploy_success[$w])",
        # A run that goes on has a time too, and no result.
        "running": "last_over_time(firstlight_deploy_running[$w])",
        "infos": "last_over_time(firstlight_deploy_info[$w])",
    }
    return {
        name: over(period.filled(expression), period.start, period.end, period.step, MOST)
        for name, expression in names.items()
    }


def firings(series: Iterable[Series], period: Period) -> list[Firing]:
    """Return when alerts fired: points that follow each other are one time."""
    found = []
    for each in series:
        times = [moment for moment, _ in each.points]
        start = times[0] if times else 0.0
        for index, moment in enumerate(times):
            after = times[index + 1] if index + 1 < len(times) else None
            if after is None or after - moment > 1.5 * period.step:
                lasts = moment > period.end - 1.5 * period.step
                begin = max(period.start, start - period.window)
                found.append(Firing(each.labels, begin, moment, lasts))
                start = after or 0.0
    return sorted(found, key=lambda each: each.start)


def alerts(found: Found, period: Period) -> Chapter:
    """Return the alerts that fired."""
    fired = firings([each for _, said in found for each in said.series("alerts")], period)
    rows = dict.fromkeys(
        (
            text.moment(each.start, _WHEN),
            "still firing" if each.lasts else text.moment(each.end, _WHEN),
            each.labels.get("severity", ""),
            each.labels.get("alertname", ""),
            each.labels.get("instance", ""),
            ", ".join(f"{k}={v}" for k, v in sorted(each.labels.items()) if k not in _HIDDEN),
        )
        for each in fired
    )
    heads = ("from", "to", "severity", "alert", "host", "of")
    return chapter(
        "alerts",
        "Alerts that fired",
        empty="no alert fired in this time",
        sheet=Sheet("", heads, tuple(rows)[:MOST], len(heads), max(0, len(rows) - MOST)),
        note=f"Times are exact to {text.span(period.step)}. {len(rows)} in all.",
        problems=errors(found),
    )


def runs(found: Found, period: Period) -> list[Run]:
    """Return the runs that ended in this time."""
    made: dict[tuple[str, float], Run] = {}
    for _, said in found:
        success, running = values(said.series("success")), values(said.series("running"))
        info = labels(said.series("infos"))
        for each in said.series("runs"):
            host = each.labels.get("instance", "")
            # The last moment at which a time stands is the one that knows how that run ended.
            for ended, seen in {value: moment for moment, value in each.points}.items():
                if period.start <= ended <= period.end and running.get((host, seen)) != 1:
                    of = info.get((host, seen), {})
                    words = of.get("version", ""), of.get("operation", "")
                    made[host, ended] = Run(host, ended, success.get((host, seen)), *words)
    return sorted(made.values(), key=lambda each: each.time)


def values(series: Iterable[Series]) -> dict[tuple[str, float], float]:
    """Return values by host and moment."""
    return {
        (each.labels.get("instance", ""), moment): value
        for each in series
        for moment, value in each.points
    }


def labels(series: Iterable[Series]) -> dict[tuple[str, float], Mapping[str, str]]:
    """Return labels by host and moment."""
    return {
        (each.labels.get("instance", ""), moment): each.labels
        for each in series
        for moment, _ in each.points
    }


def deploys(made: list[Run]) -> Chapter:
    """Return the runs of firstlight."""
    words = {1.0: "ok", 0.0: "failed"}
    rows = tuple(
        (
            text.moment(each.time),
            each.host,
            words.get(-1.0 if each.success is None else each.success, "unknown"),
            each.version or text.NOTHING,
            each.operation,
        )
        for each in made
    )
    heads = ("ended", "host", "result", "firstlight", "failed at")
    return chapter(
        "deploys",
        "Deploys",
        empty="no run of firstlight ended in this time",
        sheet=Sheet("", heads, rows[-MOST:], len(heads), max(0, len(rows) - MOST)),
        note="A run that ended less than one value of a plot before the next is not seen.",
    )


def chapter(
    key: str, title: str, *, empty: str, sheet: Sheet, note: str, problems: tuple[str, ...] = ()
) -> Chapter:
    """Return a chapter of one table."""
    sheets = (sheet,) if sheet.rows else ()
    return Chapter(key, title, note, (), sheets, "" if sheets else empty, problems)
