"""From answers to tables and plots: several monitors, and more than fits."""

from __future__ import annotations

from typing import Any

from firstlight.monitor.query import Answers
from firstlight.report import reading
from firstlight.report.period import Period
from firstlight.report.section import Column, Plot, Section, Table
from firstlight.status import text

HOUR = Period(0, 3600, 15)
SECTION = Section(
    "use",
    "Use",
    "nobody was there",
    (Plot("Use", "x", ("instance",), text.rate, keep=2),),
    (Table("Use", ("instance",), (Column("sum", "x", text.number, True),), keep=2),),
)


def said(*hosts: tuple[str, float], left: int = 0) -> Answers:
    series: list[dict[str, Any]] = [
        {"metric": {"instance": name}, "values": [[0, str(value)], [15, str(value)]]}
        for name, value in hosts
    ]
    last = [{"metric": each["metric"], "value": each["values"][-1]} for each in series]
    return Answers(
        0, {"plot.0": {"said": series, "left": left}, "table.0.0": {"said": last, "left": left}}
    )


def test_one_monitor_is_not_named() -> None:
    made = reading.chapter(SECTION, reading.Scene(HOUR), [("mon1", said(("a", 2.0)))])
    assert made.sheets[0].heads == ("host", "sum") and made.sheets[0].rows == (("a", "30"),)
    assert made.pictures[0].legend[0].name == "a" and not made.empty


def test_several_monitors_are() -> None:
    found = [("edge1", said(("a", 2.0))), ("edge2", said(("a", 4.0)))]
    made = reading.chapter(SECTION, reading.Scene(HOUR), found)
    assert made.sheets[0].heads == ("monitor", "host", "sum") and made.sheets[0].names == 2
    assert made.sheets[0].rows == (("edge1", "a", "30"), ("edge2", "a", "60"))
    assert [each.name for each in made.pictures[0].legend] == ["edge2 a", "edge1 a"]


def test_what_does_not_fit_is_counted() -> None:
    hosts = [(f"h{n}", float(n)) for n in (10, 9, 2)]
    made = reading.chapter(SECTION, reading.Scene(HOUR), [("mon1", said(*hosts, left=5))])
    assert made.pictures[0].left == made.sheets[0].left == 6
    assert [each.name for each in made.pictures[0].legend] == ["h10", "h9"]


def test_numbers_that_are_none_are_nothing_to_show() -> None:
    empty = reading.chapter(SECTION, reading.Scene(HOUR), [("mon1", said())])
    assert empty.empty == "nobody was there" and not empty.pictures and not empty.problems
    nan = reading.chapter(SECTION, reading.Scene(HOUR), [("mon1", said(("a", float("nan"))))])
    assert not nan.pictures and nan.sheets[0].rows == (("a", text.NOTHING),)


def test_what_was_not_read_is_not_called_empty() -> None:
    failed = Answers(0, {"plot.0": {"error": "too many samples"}})
    made = reading.chapter(SECTION, reading.Scene(HOUR), [("m", failed)])
    assert made.problems == ("m: too many samples",) and not made.empty
