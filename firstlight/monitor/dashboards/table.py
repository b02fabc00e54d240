"""Tables of a dashboard: one line for each value of some labels, one column for each query."""

from __future__ import annotations

import math
from typing import Any

from firstlight.monitor.dashboards.panel import MONEY, Panel, Steps, Words
from firstlight.monitor.dashboards.scope import Scope

OPTIONS = {"showHeader": True, "cellHeight": "sm"}


def unit(name: str, currency: str) -> str:
    """Return Grafana's name of a unit; money is in the site's ``currency``."""
    return f"currency:{currency} " if name == MONEY else name


def thresholds(steps: Steps) -> dict[str, Any]:
    """Return colours from values on, green below them unless the first step is endless."""
    endless = bool(steps) and math.isinf(steps[0][0])
    first = steps[0][1] if endless else "green"
    found: list[dict[str, Any]] = [{"value": None, "color": first}]
    found += [{"value": value, "color": color} for value, color in steps[endless:]]
    return {"mode": "absolute", "steps": found}


def mappings(words: Words | None) -> list[dict[str, Any]]:
    """Return what is shown instead of numbers."""
    if not words:
        return []
    options = {
        str(value): {"text": text, "color": color, "index": index}
        for index, (value, (text, color)) in enumerate(words.items())
    }
    return [{"type": "value", "options": options}]


def transformations(panel: Panel) -> list[dict[str, Any]]:
    """Return what makes one table of the queries' answers."""
    names = [f"Value #{chr(ord('A') + at)}" for at in range(len(panel.queries))]
    if len(names) == 1:
        names = ["Value"]  # a single answer is not numbered
    order = [*panel.by, *names]
    titles = [query.name for query in panel.queries]
    return [
        {"id": "merge", "options": {}},
        {"id": "filterFieldsByName", "options": {"include": {"names": order}}},
        {
            "id": "organize",
            "options": {
                "excludeByName": {},
                "indexByName": {name: position for position, name in enumerate(order)},
                "renameByName": dict(zip(names, titles, strict=True)),
            },
        },
    ]


def overrides(panel: Panel, scope: Scope) -> list[dict[str, Any]]:
    """Return how single columns are shown."""
    found = []
    for query in panel.queries:
        properties: list[dict[str, Any]] = [
            {"id": "unit", "value": unit(query.unit or panel.unit, scope.currency)}
        ]
        if query.steps or query.words:
            properties += [
                {"id": "thresholds", "value": thresholds(query.steps)},
                {"id": "mappings", "value": mappings(query.words)},
                {"id": "custom.cellOptions", "value": {"type": "color-text"}},
            ]
        found.append(_override(query.name, properties))
    for label, uid in panel.leads:
        target = f"/d/{uid}?var-{label}=${{__value.raw}}&${{__url_time_range}}"
        link = [{"title": f"Show {label} ${{__value.raw}}", "url": target}]
        found.append(_override(label, [{"id": "links", "value": link}]))
    return found


def _override(column: str, properties: list[Any]) -> dict[str, Any]:
    return {"matcher": {"id": "byName", "options": column}, "properties": properties}
