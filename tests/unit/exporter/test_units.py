"""Units of systemd: which run, which failed, and how often engines began anew."""

from __future__ import annotations

from firstlight.exporter import units
from firstlight.exporter.page import Page
from tests.unit.exporter.machine import SPEC, Machine, samples

# As systemctl of version 257 prints them; a timer has neither a type nor restarts.
SHOWN = """\
Type=forking
NRestarts=0
Id=nginx.service
LoadState=loaded
ActiveState=active
UnitFileState=enabled

Type=exec
NRestarts=3
Id=firstlight-engine-tiny.2.service
LoadState=loaded
ActiveState=activating
UnitFileState=enabled

Type=oneshot
NRestarts=0
Id=firstlight-certificate.service
LoadState=loaded
ActiveState=failed
UnitFileState=static

Type=oneshot
NRestarts=0
Id=firstlight-facts.service
LoadState=loaded
ActiveState=inactive
UnitFileState=static

Id=firstlight-facts.timer
LoadState=loaded
ActiveState=inactive
UnitFileState=enabled

Type=simple
NRestarts=0
Id=prometheus.service
LoadState=loaded
ActiveState=inactive
UnitFileState=disabled

Type=simple
NRestarts=0
Id=nvidia-fabricmanager.service
LoadState=not-found
ActiveState=inactive
UnitFileState=
"""


def told(machine: Machine, shown: str) -> dict[str, float]:
    machine.put("/shown", shown)
    machine.stubs.add("systemctl", f"cat {machine.root}/shown")
    page = Page()
    units.told(page, SPEC)
    return samples(page)


def test_what_is_told_of_each_kind_of_unit(machine: Machine) -> None:
    found = told(machine, SHOWN)
    assert {name: value for name, value in found.items() if name.startswith("unit_active")} == {
        'unit_active{unit="nginx.service"}': 1,
        'unit_active{unit="firstlight-engine-tiny.2.service"}': 0,
        'unit_active{unit="firstlight-facts.timer"}': 0,
    }
    failed = [name for name, value in found.items() if name.startswith("unit_failed") and value]
    assert failed == ['unit_failed{unit="firstlight-certificate.service"}']
    assert 'unit_failed{unit="nvidia-fabricmanager.service"}' not in found, "it is not installed"
    assert found['engine_restarts_total{replica="tiny.2"}'] == 3
    assert sum(name.startswith("engine_restarts") for name in found) == 1


def test_it_asks_once_for_all(machine: Machine) -> None:
    told(machine, SHOWN)
    [call] = machine.stubs.calls("systemctl")
    assert call.endswith("nginx.service firstlight-*.service")


def test_a_systemd_that_is_silent_tells_nothing(machine: Machine) -> None:
    machine.stubs.add("systemctl", "exit 1")
    page = Page()
    units.told(page, SPEC)
    assert samples(page) == {}
