"""What would lock the operator out is refused before anything is changed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from firstlight.access import access_obstacles
from firstlight.facts.probe import HostProbe, Probe
from tests.unit.firewall.conftest import Load

SEEN = Probe(seen_from="192.168.1.7", seen_at=22)


def refused(load: Load, probe: Probe, **firewall: Any) -> list[str]:
    settings = load(gpu1={"firewall": firewall})["gpu1"]
    return [str(error) for error in access_obstacles(settings, probe)]


def test_who_is_let_back_in_is_not_refused(load: Load) -> None:
    assert refused(load, SEEN) == []
    assert refused(load, SEEN, admin=["192.168.1.7"]) == []
    assert refused(load, replace(SEEN, seen_from="fd00::7")) == []
    assert refused(load, Probe()) == []  # @local: there is no connection to lose


def test_admin_networks_that_leave_the_control_machine_out(load: Load) -> None:
    (text,) = refused(load, SEEN, admin=["10.0.0.0/8", "192.168.2.0/24"])
    assert "gpu1: firewall.admin" in text
    assert "your connection comes from 192.168.1.7, let in are 10.0.0.0/8, 192.168.2.0/24" in text
    assert 'add "192.168.1.7"' in text


def test_a_control_machine_on_the_internet_has_to_be_named(load: Load) -> None:
    public = replace(SEEN, seen_from="203.0.113.9")
    assert "203.0.113.9" in refused(load, public)[0]
    assert refused(load, public, admin=["203.0.113.9"]) == []


def test_another_port_of_sshd(load: Load) -> None:
    (text,) = refused(load, replace(SEEN, seen_at=2222))
    assert "set firewall.ssh_port to 2222" in text
    assert refused(load, replace(SEEN, seen_at=2222), ssh_port=2222) == []


@pytest.mark.parametrize("name", ["ufw", "firewalld"])
def test_anothers_firewall_is_named_and_not_touched(load: Load, name: str) -> None:
    active = replace(SEEN, firewalls=frozenset({name}))
    (text,) = refused(load, active)
    assert f"{name} is active" in text and '"take_over": True' in text
    assert refused(load, active, take_over=True) == []
    assert refused(load, active, enabled=False) == []


def test_what_the_probe_reads_of_the_connection() -> None:
    lines = ["seen=fe80::1%eth0 50000 fe80::2 2222", "firewall=ufw"]
    found = HostProbe().process(lines)
    assert (found.seen_from, found.seen_at, found.firewalls) == ("fe80::1", 2222, {"ufw"})
    assert HostProbe().process([]).seen_from == ""
