"""The dashboards: complete, and without what a site has not."""

from __future__ import annotations

import json
import re
from collections import Counter

import pytest

from firstlight.catalogue.observed import metrics
from firstlight.monitor.dashboards import ALL, EVERYTHING, Scope, files, page, shown
from firstlight.monitor.dashboards.panel import Dashboard, Panel
from firstlight.monitor.dashboards.scope import DATA_CENTRE, EDGE, ENGINES, GPU, PROFILED
from firstlight.monitor.records import record_groups
from tests.monitor.dashboards.growing import FOLDERS
from tests.monitor.queries import queries

PAGES = {name: json.loads(text) for name, text in files(EVERYTHING).items()}
UNITS = {
    "percentunit", "s", "short", "bytes", "watt", "celsius", "Bps", "reqps", "rotmhz", "none",
    "suffix: tokens/s", "dateTimeAsIso", "currency:EUR ",
}  # fmt: skip
WORDS = {"by", "on", "ignoring", "group_left", "group_right", "unless", "and", "or", "bool"}
NAME = re.compile(r"(?<![\w:$\"'])[a-zA-Z_][\w:]*(?![\w:]*\s*\()")


@pytest.mark.parametrize("name", PAGES)
def test_every_panel_says_what_it_shows(name: str) -> None:
    panels = [each for each in PAGES[name]["panels"] if each["type"] != "row"]
    assert len(panels) > 4
    for panel in panels:
        assert panel["title"] and len(panel["description"]) > 20, panel["title"]
        assert panel["description"].endswith("."), panel["title"]
        field = panel["fieldConfig"]
        units = {field["defaults"]["unit"]} | {
            each["value"]
            for override in field["overrides"]
            for each in override["properties"]
            if each["id"] == "unit"
        }
        assert units <= UNITS, panel["title"]
        assert panel["targets"] and len({each["refId"] for each in panel["targets"]}) == len(
            panel["targets"]
        )


@pytest.mark.parametrize("name", PAGES)
def test_panels_have_places_and_numbers_of_their_own(name: str) -> None:
    taken: Counter[tuple[int, int]] = Counter()
    for panel in PAGES[name]["panels"]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        taken.update(
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        )
    assert max(taken.values()) == 1
    for key in ("id", "title"):
        values = [panel[key] for panel in PAGES[name]["panels"]]
        assert len(values) == len(set(values)), key


def test_addresses_are_unique_and_links_lead_somewhere() -> None:
    assert len({each.uid for each in ALL}) == len({each.title for each in ALL}) == len(ALL) == 6
    variables = {each.uid: {variable.name for variable in each.variables} for each in ALL}
    leads = [lead for each in ALL for panel in each.panels for lead in panel.leads]
    assert {uid for _, uid in leads} == {"firstlight-host", "firstlight-model"}
    assert all(label in variables[uid] for label, uid in leads)
    assert len(shown(Scope(frozenset()))) == 4, "without GPUs and edge"


def known() -> set[str]:
    """Return every name that a rule records or an exporter tells."""
    recorded = {rule.name for group in record_groups() for rule in group.rules}
    told = {
        match[0]
        for folder in FOLDERS
        for path in folder.glob("*.prom")
        for line in path.read_text().splitlines()
        if (match := re.match(r"[a-zA-Z_:][\w:]*", line)) and not line.startswith("#")
    }
    constants = {"site:slo_ttft_seconds:p95", "site:slo_inter_token_seconds:p95"}
    return recorded | told | constants | {"site:slo_errors:ratio", "up", "ALERTS"}


def names(expression: str) -> set[str]:
    """Return the metrics of a query."""
    bare = re.sub(r"\{[^}]*\}|\[[^\]]*\]|\"[^\"]*\"", " ", expression)
    bare = re.sub(r"\b(by|on|group_left)\s*\([^)]*\)", " ", bare)
    return set(NAME.findall(bare)) - WORDS


@pytest.mark.parametrize("name", PAGES)
def test_queries_name_only_what_exists(name: str) -> None:
    asked = {metric for _, query in queries(PAGES[name]) for metric in names(query)}
    assert asked and asked - known() == set()


def expressions(dashboards: tuple[Dashboard, ...]) -> list[str]:
    return [
        query.expression for each in dashboards for panel in each.panels for query in panel.queries
    ]


def test_a_geforce_has_no_panel_of_what_it_cannot_measure() -> None:
    geforce = shown(Scope(frozenset({GPU, EDGE, "vllm"})))
    centre = shown(Scope(frozenset({GPU, DATA_CENTRE, PROFILED, EDGE, "vllm"})))
    lacks = re.compile(r"DCGM_FI_PROF|_ECC_|REMAP|NVLINK|MEMORY_TEMP")
    assert [each for each in expressions(geforce) if lacks.search(each)] == []
    assert len([each for each in expressions(centre) if lacks.search(each)]) >= 10
    # Cards that are not profiled keep what is measured without that.
    plain = expressions(shown(Scope(frozenset({GPU, DATA_CENTRE, "vllm"}))))
    assert not any("PROF" in each for each in plain) and any("ECC" in each for each in plain)


def test_without_gpus_nothing_asks_for_them() -> None:
    found = expressions(shown(Scope(frozenset({EDGE, "llamacpp"}))))
    assert not [each for each in found if re.search(r"\bgpu:|DCGM|firstlight_gpu|driver_", each)]


@pytest.mark.parametrize("engine", ENGINES)
def test_an_engine_has_no_panel_of_what_it_does_not_count(engine: str) -> None:
    """A replica's record needs the engine's own metric; a model's may come from the edge."""
    has = {row.record: engine in row.each() for row in metrics().values()}
    found = expressions(shown(Scope(frozenset({engine, EDGE}))))
    asked = {
        (level, re.sub(r":p\d\d$", "", record))
        for each in found
        for level, record in re.findall(r"(replica|model):(llm_[\w:]+)", each)
    }
    edges = {row.record for row in metrics().values() if row.edge}
    missing = {
        record
        for level, record in asked
        if record in has and not has[record] and not (level == "model" and record in edges)
    }
    assert missing == set()


def test_money_is_in_the_sites_currency() -> None:
    text = files(Scope(EVERYTHING.parts, "CHF"))["firstlight-fleet.json"]
    assert "currency:CHF " in text and "EUR" not in text


def test_steps_have_the_colours_they_are_described_with() -> None:
    panel = next(each for each in ALL[0].panels if "certificate" in each.title)
    steps = page.table.thresholds(panel.steps)["steps"]
    assert [each["color"] for each in steps] == ["red", "yellow", "green"]
    assert steps[0]["value"] is None and steps[2]["value"] == 14 * 86400
    assert isinstance(panel, Panel) and page.table.thresholds(())["steps"][0]["color"] == "green"
