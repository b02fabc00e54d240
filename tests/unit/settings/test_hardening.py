"""Hardening in the settings: on by default, single controls off for a reason that is kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from firstlight.catalogue.controls import controls
from firstlight.settings import HostSettings, Problem
from firstlight.settings.hardening import Hardening

Load = Callable[..., HostSettings]


def hardening(load: Load, data: dict[str, Any], **given: Any) -> Hardening:
    return load({**data, "hardening": given}).hardening


def test_all_controls_are_on_but_those_to_be_asked_for(load: Load, data: dict[str, Any]) -> None:
    wanted = load(data).hardening
    off = [each.id for each in controls().values() if each not in wanted.controls]
    assert off == [each.id for each in controls().values() if each.asked] == ["auditd"]
    asked = hardening(load, data, auditd=True)
    assert asked.controls == tuple(controls().values())


def test_a_control_that_is_off_keeps_its_reason(load: Load, data: dict[str, Any]) -> None:
    wanted = hardening(load, data, off={"core-dumps": " a driver  crashes, case 4711 "})
    assert wanted.off_because("core-dumps") == "a driver crashes, case 4711"
    assert wanted.off_because("journal") == ""
    assert "core-dumps" not in [each.id for each in wanted.controls]


def test_hardening_as_a_whole_is_off(load: Load, data: dict[str, Any]) -> None:
    wanted = hardening(load, data, enabled=False)
    assert wanted.controls == () and wanted.off_because("journal")


@pytest.mark.parametrize(
    ("off", "key", "said"),
    [
        ({"core-dump": "why"}, 'off["core-dump"]', 'did you mean "core-dumps"?'),
        ({"xyz": "why"}, "off.xyz", "docs/hardening.md lists them"),
        ({"journal": "  "}, "off.journal", "expected the reason why it is off"),
        ({"journal": True}, "off.journal", "expected a text"),
        (["journal"], "off", "expected a mapping"),
    ],
)
def test_what_is_no_control_or_no_reason_is_a_mistake(
    problems: Callable[..., list[Problem]], data: dict[str, Any], off: Any, key: str, said: str
) -> None:
    (found,) = problems({**data, "hardening": {"off": off}})
    assert (found.host, found.key) == ("gpu1", f"hardening.{key}")
    assert said in str(found)
