"""The dashboards' JSON by the types that Grafana Labs publishes, and their list in the documentation.

UPDATE_EXPECTED=1 writes the list in docs/dashboards.md anew.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from firstlight.monitor.dashboards import EVERYTHING, files, listed

DOCS = Path(__file__).resolve().parents[3] / "docs/dashboards.md"
MARK = "<!-- every panel -->\n"
PAGES = {name: json.loads(text) for name, text in files(EVERYTHING).items()}
ANNOTATION = {"step", "titleFormat", "useValueForTime"}
"""The Prometheus data source's own keys of an annotation, which Grafana hands on to it."""


def lost(given: Any, kept: Any, at: str = "") -> Iterator[str]:
    """Yield what Grafana's types did not take over."""
    if isinstance(given, dict) and isinstance(kept, dict):
        for key, value in given.items():
            if key in kept:
                yield from lost(value, kept[key], f"{at}/{key}")
            elif value not in (None, {}, []):
                yield f"{at}/{key}"
    elif isinstance(given, list) and isinstance(kept, list) and len(given) == len(kept):
        for one, other in zip(given, kept, strict=True):
            yield from lost(one, other, at)
    elif given != kept:
        yield f"{at}: {given} became {kept}"


def through_grafanas_types(dashboard: dict[str, Any]) -> Any:
    from grafana_foundation_sdk.cog import encoder, plugins
    from grafana_foundation_sdk.models.dashboard import Dashboard as Grafanas

    plugins.register_default_plugins()
    return json.loads(json.dumps(Grafanas.from_json(dashboard), cls=encoder.JSONEncoder))


@pytest.mark.parametrize("name", PAGES)
def test_grafanas_own_types_take_all_of_it(name: str) -> None:
    found = set(lost(PAGES[name], through_grafanas_types(PAGES[name])))
    assert found <= {f"/annotations/list/{key}" for key in ANNOTATION}


def test_a_misspelt_key_is_seen() -> None:
    dashboard = json.loads(json.dumps(PAGES["firstlight-fleet.json"]))
    dashboard["panels"][1]["fieldConfig"]["defaults"]["unitt"] = "s"
    dashboard["panels"][1]["targets"][0]["expression"] = "up"
    found = set(lost(dashboard, through_grafanas_types(dashboard)))
    assert {"/panels/fieldConfig/defaults/unitt", "/panels/targets/expression"} <= found


def test_the_documentation_lists_every_panel() -> None:
    text = DOCS.read_text()
    before = text.partition(MARK)[0]
    current = f"{before}{MARK}{listed.listed()}"
    if os.environ.get("UPDATE_EXPECTED"):
        DOCS.write_text(current)
    assert DOCS.read_text() == current, "UPDATE_EXPECTED=1 writes it anew"
