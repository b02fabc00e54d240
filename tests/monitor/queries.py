"""Every query of every dashboard, asked of a Prometheus."""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

SECONDS = 20
BUILT_IN = {"__range": "1h", "__rate_interval": "1m", "__interval": "15s"}
LAB = ("firstlight_clock_synchronized",)
"""What a host of the lab cannot tell: its clock is the machine's."""
NOTHING = "no answer"
VALUES = re.compile(r"label_values\((?P<metric>.+), *(?P<label>\w+)\)", re.DOTALL)


def empty(
    prometheus: str,
    dashboards: Iterable[Mapping[str, Any]],
    variables: Mapping[str, str],
    besides: Iterable[str] = (),
) -> list[str]:
    """Return which queries of ``dashboards`` (Grafana's JSON) fail or have no answer, and why.

    ``prometheus`` is its URL; ``variables`` are regular expressions, and all values where one is
    not named. Panels, annotations and the variables' own queries are asked, all at this moment; one
    with a metric of ``besides`` in it has to be right, but may be empty.
    """
    found = []
    for dashboard in dashboards:
        for where, expression in queries(dashboard):
            asked = filled(expression, variables)
            why = wrong(prometheus, asked)
            if why and not (why == NOTHING and any(name in asked for name in besides)):
                found.append(f"{dashboard['title']} / {where}: {why}: {asked}")
    return found


def queries(dashboard: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield every query with where it stands."""
    for panel in dashboard["panels"]:
        for target in panel.get("targets", []):
            yield f"{panel['title']} {target['refId']}", target["expr"]
    for each in dashboard["annotations"]["list"]:
        yield f"annotation {each['name']}", each["expr"]
    for each in dashboard["templating"]["list"]:
        asked = VALUES.fullmatch(each["query"])
        assert asked is not None, each["query"]
        yield f"variable {each['name']}", f"count by ({asked['label']}) ({asked['metric']})"


def filled(expression: str, variables: Mapping[str, str]) -> str:
    """Return ``expression`` with values for its variables, as Grafana puts them in."""

    def value(name: re.Match[str]) -> str:
        known = {**BUILT_IN, **variables}
        return known.get(name[1], ".*")

    return re.sub(r"\$\{?(\w+)\}?", value, expression)


def wrong(prometheus: str, expression: str) -> str:
    """Return why a query has no answer; empty where it has one."""
    body = urllib.parse.urlencode({"query": expression}).encode()
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"{prometheus}/api/v1/query", body, SECONDS) as answer:
            result = json.loads(answer.read())["data"]["result"]
    except urllib.error.HTTPError as error:
        said = error.read().decode("utf-8", "replace")
        return str(json.loads(said)["error"]) if said.startswith("{") else said
    values = [each["value"][1] for each in result]
    if not values:
        return NOTHING
    return "not a number" if all(each == "NaN" for each in values) else ""
