"""Rule files as a whole: what they name exists, what is off is off, and pages go with them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from firstlight.catalogue.observed import ENGINES, alert_names, alerts, metrics
from firstlight.monitor.alert_rules import alert_groups, expression, runbook
from firstlight.monitor.reference import PAGES
from firstlight.monitor.rule import Alert
from firstlight.monitor.rules import rules
from firstlight.settings import HostSettings, SettingsError
from tests.monitor.exposition import FOLDER, names
from tests.monitor.promtool import checked, written
from tests.site import Load, load

__all__ = ["load"]
ROOT = Path(__file__).resolve().parents[3]
WORD = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
PAGE_PARTS = ("## What it means", "## How to look", "## What to do")
OF_PROMETHEUS = {"up", "ALERTS"}


def exprs(texts: dict[str, str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for text in texts.values():
        for group in yaml.safe_load(text)["groups"]:
            found |= {rule.get("record") or rule["alert"]: rule["expr"] for rule in group["rules"]}
    return found


def metrics_of(expr: str) -> set[str]:
    """The metrics in ``expr``: words before { or [ or alone, that are no function, label or keyword."""
    bare = re.sub(r'"[^"]*"', '""', expr)
    bare = re.sub(r"\b(by|on|group_left|group_right|without|ignoring)\s*\([^)]*\)", " ", bare)
    bare = re.sub(r"\{[^}]*\}|\[[^]]*\]|\b\d[\w.]*", " ", bare)
    bare = re.sub(r"\b(offset \w+|and|or|unless|bool)\b", " ", bare)
    calls = set(re.findall(rf"({WORD.pattern})\s*\(", bare))
    aggregations = {"sum", "max", "min", "avg", "count"}
    return set(WORD.findall(bare)) - calls - aggregations


def test_promtool_takes_them(texts: dict[str, str], folder: Path) -> None:
    assert "SUCCESS" in checked("check", "rules", *written(folder, texts))


def test_every_metric_that_a_rule_names_is_told_by_an_exporter(texts: dict[str, str]) -> None:
    found = exprs(texts)
    known = names() | set(found) | OF_PROMETHEUS
    unknown = {name: metrics_of(expr) - known for name, expr in found.items()}
    assert {name: words for name, words in unknown.items() if words} == {}
    assert metrics_of('rate(nobody_total{a="b"}[5m]) > on (x) group_left () y') == {
        "nobody_total",
        "y",
    }


def test_every_engine_of_the_table_says_what_it_generates() -> None:
    told = metrics()["generation_tokens"].each()
    assert set(ENGINES) - set(told) == {"triton", "ollama"}


@pytest.mark.parametrize("name", sorted(alert_names()))
def test_every_alert_has_a_runbook(name: str) -> None:
    text = (ROOT / runbook(name)).read_text("utf-8")
    assert text.startswith(f"# {name}\n")
    parts = [text.index(part) for part in PAGE_PARTS]
    assert parts == sorted(parts) and "`" in text[parts[1] :]


def test_no_runbook_is_left_over() -> None:
    pages = {path.stem for path in (ROOT / "docs/runbooks").glob("*.md")} - {"README"}
    assert pages - alert_names() == set()


@pytest.mark.parametrize("place", sorted(PAGES))
def test_pages_are_up_to_date(place: str) -> None:
    """If not: python -m firstlight.monitor.reference"""
    assert (ROOT / place).read_text("utf-8") == PAGES[place]()


def test_an_alert_that_is_off_is_not_made(load: Load, site: dict[str, HostSettings]) -> None:
    monitor = {"alerts": {"off": {"RebootRequired": "patched every Sunday"}, "patience": 0.1}}
    host = load(monitor=monitor)
    text = rules(host, {host.name: host})["alerts.yml"]
    assert "RebootRequired" not in exprs({"": text})
    assert len(exprs({"": text})) == len(alert_names()) - 1
    waits = [r.get("for") for g in yaml.safe_load(text)["groups"] for r in g["rules"]]
    assert "30s" in waits and "300s" not in waits


@pytest.mark.parametrize(
    "off", [{"RebootRequierd": "patched every Sunday"}, {"RebootRequired": ""}]
)
def test_what_cannot_be_off_is_named(load: Load, off: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match=r"RebootRequired|reason"):
        load(monitor={"alerts": {"off": off}})


def test_severities_and_texts_are_for_people() -> None:
    for group in alert_groups():
        for rule in group.rules:
            assert isinstance(rule, Alert)
            assert set(rule.annotations) == {"summary", "action", "runbook"}
            assert (
                rule.annotations["summary"].endswith((".", ")"))
                and len(rule.annotations["action"]) < 160
            )


def test_xids_are_put_into_their_alerts() -> None:
    row = alerts()["gpu"]["GpuFallenOffBus"]
    assert '"79"' in expression(row) and "@" not in expression(row)


def test_every_page_says_where_it_is_from() -> None:
    heads = {path.stem: path.read_text("utf-8").split(":")[0] for path in FOLDER.glob("*.prom")}
    said = ("# Recorded", "# SIMULATED", "# Written by hand after")
    assert {name for name, head in heads.items() if not head.startswith(said)} == set()
    assert {name for name, head in heads.items() if head == "# Recorded"} >= {"vllm", "llamacpp"}


def test_a_short_certificate_is_late_later(load: Load) -> None:
    def told(**tls: object) -> dict[str, str]:
        box = load(edge={"tls": tls})
        return exprs(rules(box, {box.name: box}))

    assert told()["instance:certificate_limit:seconds"] == "vector(1944000.0)"  # 22.5 of 90 days
    assert told(leaf_days=7)["instance:certificate_limit:seconds"] == "vector(151200.0)"
