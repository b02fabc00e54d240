"""Everything that is asked for is measured by somebody: names drift apart without a word."""

from __future__ import annotations

import re
from pathlib import Path

from firstlight.monitor.records import record_groups
from firstlight.report import command, events, reading
from firstlight.report.period import period
from firstlight.report.sections import SECTIONS
from firstlight.status.questions import questions

EXPOSITIONS = Path(__file__).resolve().parents[2] / "monitor/expositions"
RECORD = re.compile(r"\b[a-z]+:[a-z0-9_]+(?::[a-z0-9_]+)?")
METRIC = re.compile(r"\b(?:firstlight_[a-z0-9_]+|probe_success)\b")


def expressions() -> list[str]:
    hour = period(0, 3600, 15, 1e9)
    asked = [*questions().values(), *events.questions(hour).values()]
    for section in SECTIONS:
        asked += reading.questions(section, hour).values()
    return [*(each.fields.get("query", "") for each in asked), *command.FACTS.values()]


def test_every_record_is_a_recording_rule() -> None:
    known = {record.name for group in record_groups() for record in group.rules}
    wanted = {name for text in expressions() for name in RECORD.findall(text)}
    assert len(wanted) > 30 and sorted(wanted - known) == []


def test_every_metric_is_shown_by_an_exporter() -> None:
    pages = "\n".join(path.read_text() for path in EXPOSITIONS.glob("*.prom"))
    wanted = {name for text in expressions() for name in METRIC.findall(text)}
    assert len(wanted) > 15
    assert sorted(name for name in wanted if not re.search(rf"^{name}\b", pages, re.M)) == []
