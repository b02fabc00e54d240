"""The whole report: every section asked of every monitor that is needed for all hosts."""

from __future__ import annotations

import time
from collections.abc import Mapping

from firstlight.errors import FirstlightError
from firstlight.monitor.asking import Asking, watching
from firstlight.monitor.query import Answers, Ask, at
from firstlight.monitor.seen_site import SeenHost
from firstlight.report import events, reading
from firstlight.report.page import Chapter, Content
from firstlight.report.period import Period
from firstlight.report.section import mean, mean_of_all, sum_of_all
from firstlight.report.sections import SECTIONS
from firstlight.report.sections_use import PER_MILLION
from firstlight.report.units import energy, money, percent, spent
from firstlight.status import text

SECONDS = 120
"""For one section on a monitor: a month of a large site is many samples."""
_TOKENS = "site:llm_generation_tokens:rate5m"
FACTS = {
    "measured": "count_over_time((count(up) > bool 0)[$r:$s])",
    "public": mean_of_all('probe_success{job="public"}'),
    "requests": sum_of_all(mean("model:llm_requests:rate5m")),
    "tokens": sum_of_all(mean(_TOKENS)),
    "energy": sum_of_all(mean("site:power:watts")),
    "cost": sum_of_all(mean("site:cost:per_hour")),
}


def report(asking: Asking, period: Period) -> Content:
    """Return everything that stands on the page about ``period``. Changes nothing anywhere.

    Raises :class:`FirstlightError` where nobody watches, or no monitor answers.
    """
    every = {each.name: each for each in asking.hosts}
    able = watching(asking.hosts, every)
    names, facts = reached(asking, able, period)
    first = asking.hosts[0]

    def ask(asked: Mapping[str, Ask]) -> list[tuple[str, Answers]]:
        return [(name, asking.ask(name, asked, SECONDS)) for name in names]

    happened = ask(events.questions(period))
    runs = events.runs(happened, period)
    scene = reading.Scene(period, [each.time for each in runs], first.slo)
    chapters: list[Chapter] = []
    for section in SECTIONS:
        asked = reading.questions(section, period)
        try:
            chapters.append(reading.chapter(section, scene, ask(asked)))
        except FirstlightError as error:
            chapters.append(Chapter(section.key, section.title, problems=(str(error),)))
    chapters += [events.alerts(happened, period), events.deploys(runs)]
    tiles = shown(facts, period, first.currency)
    return Content(first.site, tuple(names), period, tuple(chapters), tiles, time.time())


def reached(
    asking: Asking, able: Mapping[str, tuple[str, ...]], period: Period
) -> tuple[list[str], list[Answers]]:
    """Return the monitors that are needed for all hosts, and what they said of the whole time."""
    asked = {name: at(period.filled(each), period.end) for name, each in FACTS.items()}
    asked["per_million"] = at(period.filled(PER_MILLION), period.end)
    found: dict[str, Answers] = {}
    failed: list[FirstlightError] = []
    left = [names for names in able.values() if names]
    for name in dict.fromkeys(name for names in left for name in names):
        if not any(name in names for names in left):
            continue
        try:
            found[name] = asking.ask(name, asked, SECONDS)
        except FirstlightError as error:
            failed.append(error)
            continue
        left = [names for names in left if name not in names]
    if left:  # half a page would be taken for the whole
        raise FirstlightError("\n".join(str(each) for each in failed))
    if not any(said.number("measured") for said in found.values()):
        where = ", ".join(found)
        raise FirstlightError(
            "nothing was measured in this time",
            where=where,
            why="Prometheus has no sample of it",
            fix="later times; how long it keeps them says monitor.prometheus.retention_days",
        )
    return list(found), list(found.values())


def shown(found: list[Answers], period: Period, currency: str) -> tuple[tuple[str, str], ...]:
    """Return what stands on top of the page: the sums of all monitors."""

    def total(name: str) -> float | None:
        values = [
            v for said in found for each in said.series(name) if (v := each.value) is not None
        ]
        return sum(values) * period.step if values else None

    probes = [
        v for said in found for each in said.series("public") if (v := each.value) is not None
    ]
    steps = period.seconds / period.step
    measured = max((said.number("measured") or 0.0) for said in found)
    tiles = [
        ("of the time measured", percent(min(1.0, measured / steps))),
        ("public URL answered", percent(sum(probes) / len(probes) if probes else None)),
        ("requests", text.number(total("requests"))),
        ("tokens generated", text.number(total("tokens"))),
        ("energy", energy(total("energy"))),
        (f"cost ({currency})", spent(total("cost"))),
    ]
    if len(found) == 1:
        tiles.append((f"{currency} per million tokens", money(found[0].number("per_million"))))
    return tuple(tiles)


def slowest(hosts: tuple[SeenHost, ...]) -> float:
    """Return the longest time between two measurements of any host."""
    return max(each.interval for each in hosts)
