"""Who watches whom: the group monitor, and without it (or without hosts in it) every edge.

An empty group is not seen: pyinfra names no group that no host is in.
"""

from __future__ import annotations

from typing import Any

import pytest

from firstlight.settings.check_monitor import monitor_contradictions
from firstlight.settings.problem import SettingsError
from firstlight.settings.watched import is_monitor, monitors, watches
from tests.site import MODEL
from tests.unit.firewall.conftest import Load, load

__all__ = ["load"]

BEHIND: dict[str, Any] = {"edge": {"enabled": False}, "models": [MODEL]}
OFF = {"monitor": {"enabled": False}}


def who(load: Load, monitor: tuple[str, ...] = (), **hosts: dict[str, Any]) -> dict[str, list[str]]:
    """Return which hosts each host watches; those of ``monitor`` are in that group."""
    site = {
        name: host.model_copy(update={"groups": host.groups | {"monitor"}})
        if name in monitor
        else host
        for name, host in load(**hosts).items()
    }
    if problems := list(monitor_contradictions(site)):
        raise SettingsError(problems)
    found = {name: [each.name for each in watches(host, site)] for name, host in site.items()}
    for name, host in site.items():
        assert is_monitor(host, site) == bool(found[name])
        assert [one.name for one in monitors(host, site)] == [n for n in site if name in found[n]]
    return {name: each for name, each in found.items() if each}


def test_one_box_watches_itself(load: Load) -> None:
    assert who(load, box={}) == {"box": ["box"]}
    assert who(load, box=OFF) == {}


def test_without_the_group_an_edge_watches_what_is_behind_it(load: Load) -> None:
    rack = {"gpu1": BEHIND, "door": {"models": []}}
    assert who(load, (), **rack) == {"door": ["gpu1", "door"]}
    # Two edges before the same engines: each watches them, and neither the other.
    both = who(load, (), **rack, side={"models": []})
    assert both == {"door": ["gpu1", "door"], "side": ["gpu1", "side"]}
    assert who(load, gpu1=BEHIND, door={"models": [], **OFF}) == {}


def test_two_monitors_watch_everything_twice(load: Load) -> None:
    rack = {"gpu1": BEHIND, "door": {"models": []}, "mon1": BEHIND, "mon2": BEHIND}
    everything = list(rack)
    assert who(load, ("mon1",), **rack) == {"mon1": everything}
    assert who(load, ("mon1", "mon2"), **rack) == {"mon1": everything, "mon2": everything}
    # One of them is off: the other is enough, and does not watch it.
    rack["mon2"] = {**BEHIND, **OFF}
    assert who(load, ("mon1", "mon2"), **rack) == {"mon1": everything[:-1]}
    # A host that is not to be watched is not.
    rack["gpu1"] = {**BEHIND, **OFF}
    assert who(load, ("mon1", "mon2"), **rack) == {"mon1": ["door", "mon1"]}


def test_monitors_that_are_all_off_are_said(load: Load) -> None:
    rack = {"gpu1": BEHIND, "door": {"models": []}, "mon1": {**BEHIND, **OFF}}
    with pytest.raises(SettingsError) as raised:
        who(load, ("mon1",), **rack)
    assert "mon1: monitor.enabled: found False" in str(raised.value)
    assert "nobody watches gpu1, door" in str(raised.value)
    assert who(load, ("mon1",), **{name: {**each, **OFF} for name, each in rack.items()}) == {}
