"""The limits of classes and strangers: defaults, values given in part, mistakes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from firstlight.settings import HostSettings, Problem

Data = dict[str, Any]


def test_defaults(load: Callable[..., HostSettings], data: Data) -> None:
    edge = load(data).edge
    found = [(each.rps, each.burst, each.concurrency) for _, each in edge.classes]
    assert found == [(20, 40, 32), (100, 200, 256)]
    assert (edge.strangers.rps, edge.strangers.burst) == (10, 40)


def test_what_is_given_lies_over_the_defaults(
    load: Callable[..., HostSettings], data: Data
) -> None:
    data["edge"] = {"classes": {"gold": {"rps": 7}}, "strangers": {"burst": 1}}
    edge = load(data).edge
    gold, standard = edge.classes.gold, edge.classes.standard
    assert (gold.rps, gold.burst, gold.concurrency, standard.rps) == (7.0, 200, 256, 20)
    assert (edge.strangers.rps, edge.strangers.burst) == (10, 1)


@pytest.mark.parametrize(
    ("edge", "text"),
    [
        ({"classes": []}, "classes: found a list, expected a mapping"),
        ({"classes": {"golden": {}}}, 'classes.golden: unknown key; did you mean "gold"?'),
        ({"classes": {"gold": 5}}, "classes.gold: found 5, expected a mapping"),
        ({"classes": {"gold": {"rsp": 5}}}, 'classes.gold.rsp: unknown key; did you mean "rps"?'),
        ({"classes": {"gold": {"rps": 0}}}, "classes.gold.rps: found 0, expected a number of req"),
        ({"classes": {"gold": {"rps": True}}}, "classes.gold.rps: found True, expected a number"),
        ({"classes": {"gold": {"rps": "5"}}}, 'classes.gold.rps: found "5", expected a number of'),
        ({"classes": {"gold": {"rps": float("nan")}}}, "classes.gold.rps: found nan, expected a n"),
        ({"classes": {"standard": {"burst": 0}}}, "classes.standard.burst: found 0, expected a nu"),
        ({"classes": {"standard": {"concurrency": 1.5}}}, "classes.standard.concurrency: found 1."),
        ({"strangers": {"rps": -1}}, "strangers.rps: found -1, expected a number of requests per"),
        ({"strangers": {"concurrency": 1}}, "strangers.concurrency: unknown key"),
    ],
)
def test_mistakes(
    edge: Data, text: str, data: Data, problems: Callable[..., list[Problem]]
) -> None:
    data["edge"] = edge
    (found,) = problems(data)
    assert str(found).startswith(f"gpu1: edge.{text}")
