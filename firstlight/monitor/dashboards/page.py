"""Dashboards as Grafana's JSON: the model that it takes from files, of any version from 11 on."""

from __future__ import annotations

import json
from typing import Any

from firstlight.monitor.dashboards import table
from firstlight.monitor.dashboards.panel import MONEY, Dashboard, Panel, Query, Row, Variable
from firstlight.monitor.dashboards.scope import Scope

SOURCE = {"type": "prometheus", "uid": "prometheus"}
"""The data source that roles/grafana.py provisions."""
SCHEMA_VERSION = 41
"""Grafana 11.6's; later ones read it and bring it up to theirs."""
TAG = "firstlight"
LINE = 24
REDUCED = {"calcs": ["lastNotNull"], "fields": "", "values": False}
DEPLOYS = {
    "name": "Deploys",
    "datasource": SOURCE,
    "enable": True,
    "hide": False,
    "iconColor": "blue",
    "expr": "1000 * firstlight_deploy_time_seconds unless on (instance) firstlight_deploy_running == 1",
    # The metric's value is the moment itself: the mark stands where the run ended.
    "useValueForTime": True,
    "titleFormat": "Deploy on {{instance}}",
    "step": "60s",
}


def page(dashboard: Dashboard, scope: Scope) -> dict[str, Any]:
    """Return ``dashboard`` as it lies in its file, with what the site has."""
    shown = dashboard.within(scope)
    return {
        "uid": shown.uid,
        "title": shown.title,
        "description": shown.description,
        "tags": [TAG],
        "schemaVersion": SCHEMA_VERSION,
        "editable": False,
        "graphTooltip": 1,
        "timezone": "browser",
        "refresh": "30s",
        "time": {"from": shown.since, "to": "now"},
        "links": [_to_others()],
        "annotations": {"list": [DEPLOYS]},
        "templating": {"list": [_variable(each) for each in shown.variables]},
        "panels": _laid_out(shown.rows, scope),
    }


def text(dashboard: Dashboard, scope: Scope) -> str:
    """Return the file's text."""
    return json.dumps(page(dashboard, scope), indent=1, sort_keys=True) + "\n"


def _to_others() -> dict[str, Any]:
    return {
        "type": "dashboards",
        "title": "Dashboards",
        "tags": [TAG],
        "icon": "external link",
        "tooltip": "",
        "url": "",
        "asDropdown": False,
        "targetBlank": False,
        "includeVars": True,
        "keepTime": True,
    }


def _variable(variable: Variable) -> dict[str, Any]:
    query = f"label_values({variable.metric}, {variable.label})"
    return {
        "type": "query",
        "name": variable.name,
        "label": variable.title,
        "datasource": SOURCE,
        "query": query,
        "refresh": 2,  # with every change of the time range
        "sort": 1,
        "multi": True,
        "includeAll": True,
        "allValue": ".*",
        "current": {"selected": True, "text": ["All"], "value": ["$__all"]},
    }


def _laid_out(rows: tuple[Row, ...], scope: Scope) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    top = 0
    for row in rows:
        found.append(_heading(row, len(found) + 1, top))
        top, left, tallest = top + 1, 0, 0
        for panel in row.panels:
            if left + panel.width > LINE:
                top, left, tallest = top + tallest, 0, 0
            place = {"x": left, "y": top, "w": panel.width, "h": panel.height}
            found.append(_panel(panel, len(found) + 1, place, scope))
            left, tallest = left + panel.width, max(tallest, panel.height)
        top += tallest
    return found


def _heading(row: Row, number: int, top: int) -> dict[str, Any]:
    place = {"x": 0, "y": top, "w": LINE, "h": 1}
    found = {"type": "row", "id": number, "title": row.title, "gridPos": place}
    repeat = {"repeat": row.repeat} if row.repeat else {}
    return {**found, "collapsed": False, "panels": [], **repeat}


def _panel(panel: Panel, number: int, place: dict[str, int], scope: Scope) -> dict[str, Any]:
    special = table.overrides(panel, scope) if panel.kind == "table" else []
    found: dict[str, Any] = {
        "type": panel.kind,
        "id": number,
        "title": panel.title,
        "description": panel.description,
        "datasource": SOURCE,
        "gridPos": place,
        "targets": [_target(panel, each, at) for at, each in enumerate(panel.queries)],
        "options": table.OPTIONS if panel.kind == "table" else _options(panel),
        "fieldConfig": {"defaults": _field(panel, scope), "overrides": special},
    }
    if panel.kind == "table":
        found["transformations"] = table.transformations(panel)
    return found


def _target(panel: Panel, query: Query, position: int) -> dict[str, Any]:
    moment = panel.kind != "timeseries"
    return {
        "refId": chr(ord("A") + position),
        "datasource": SOURCE,
        "expr": query.expression,
        "legendFormat": query.name or "__auto",
        "instant": moment,
        "range": not moment,
        "format": "table" if panel.kind == "table" else "time_series",
        "editorMode": "code",
    }


def _options(panel: Panel) -> dict[str, Any]:
    if panel.kind == "timeseries":
        return {
            "legend": {
                "displayMode": "list",
                "placement": "bottom",
                "showLegend": True,
                "calcs": [],
            },
            "tooltip": {"mode": "multi", "sort": "desc"},
        }
    if panel.kind == "bargauge":
        shape = {"displayMode": "basic", "valueMode": "color", "showUnfilled": True}
        return {**shape, "orientation": "horizontal", "reduceOptions": REDUCED}
    plain = panel.words is None and not panel.steps
    return {
        "colorMode": "none" if plain else "value",
        "graphMode": "none",
        "textMode": "auto",
        "justifyMode": "auto",
        "orientation": "auto",
        "wideLayout": True,
        "reduceOptions": REDUCED,
    }


def _field(panel: Panel, scope: Scope) -> dict[str, Any]:
    found: dict[str, Any] = {
        "unit": unit(panel.unit, scope),
        "color": {"mode": "palette-classic" if panel.kind == "timeseries" else "thresholds"},
        "thresholds": table.thresholds(panel.steps),
        "mappings": table.mappings(panel.words),
    }
    bounds = {"min": panel.least, "max": panel.most}
    found |= {name: value for name, value in bounds.items() if value is not None}
    if panel.kind == "timeseries":
        found["custom"] = {
            "lineWidth": 1,
            "fillOpacity": 30 if panel.stacked else 5,
            "showPoints": "never",
            "stacking": {"mode": "normal" if panel.stacked else "none", "group": "A"},
            "thresholdsStyle": {"mode": "line" if panel.steps else "off"},
        }
    return found


def unit(name: str, scope: Scope) -> str:
    """Return Grafana's name of a unit."""
    return table.unit(name, scope.currency) if name == MONEY else name
