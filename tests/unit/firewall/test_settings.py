"""Mistakes in what a firewall shall let in: every one is named before any host is touched."""

from __future__ import annotations

from typing import Any

import pytest

from firstlight.settings import HostSettings, SettingsError
from tests.unit.firewall.conftest import Load

OPEN = {"ports": [9100], "from": "admin", "why": "the exporter"}


def problems(load: Load, **hosts: dict[str, Any]) -> list[str]:
    with pytest.raises(SettingsError) as refused:
        load(**hosts)
    return [str(problem) for problem in refused.value.problems]


def wrong(load: Load, **firewall: Any) -> str:
    return "\n".join(problems(load, gpu1={"firewall": firewall}))


def allowing(**change: Any) -> dict[str, Any]:
    return {"allow": [OPEN | change]}


def test_by_default_ssh_comes_from_private_networks_and_nothing_else_is_open(load: Load) -> None:
    firewall = load(gpu1={})["gpu1"].firewall
    assert firewall.enabled and not firewall.allow and not firewall.take_over
    assert "192.168.0.0/16" in firewall.admin and "0.0.0.0/0" not in firewall.admin


@pytest.mark.parametrize(
    ("firewall", "words"),
    [
        ({"admin": []}, ("firewall.admin",)),
        ({"admin": ["10.0.0.1/8"]}, ("firewall.admin[0]", "10.0.0.0/8")),
        ({"admin": ["office"]}, ("firewall.admin[0]", "a network or an address")),
        ({"ssh_port": 0}, ("firewall.ssh_port", "1 to 65535")),
        (allowing(ports=[]), ("firewall.allow[0].ports",)),
        (allowing(ports=[70000]), ("firewall.allow[0].ports[0]", "1 to 65535")),
        (allowing(ports=["9100"]), ("firewall.allow[0].ports[0]",)),
        (allowing(protocol="ospf"), ("firewall.allow[0].protocol",)),
        (allowing(protocol="vrrp"), ("firewall.allow[0].ports", "none for other protocols")),
        (allowing(why=""), ("firewall.allow[0].why", "a reason")),
        (allowing(why='a "quoted" one'), ("firewall.allow[0].why",)),
        ({"allow": [{"ports": [1], "why": "no source"}]}, ("firewall.allow[0].from",)),
        ({"addresses": ["edge1.example.net"]}, ("firewall.addresses[0]", "an IP address")),
        ({"forward": [{"from": "eth0; drop", "to": "br0", "why": "my VMs"}]}, ("forward[0].from",)),
        ({"connections": 1}, ("firewall.connections",)),
        ({"confirm_seconds": 1}, ("firewall.confirm_seconds", "5 to 600")),
        ({"enable": True}, ("firewall.enable", "enabled")),
    ],
)
def test_a_value_that_is_wrong(load: Load, firewall: Any, words: tuple[str, ...]) -> None:
    text = wrong(load, **firewall)
    assert all(word in text for word in words), text


def test_an_unknown_group_is_named_with_the_nearest(load: Load) -> None:
    assert wrong(load, **allowing(**{"from": "gpus"})) == (
        'gpu1: firewall.allow[0].from: found gpus, expected "anywhere", "admin", a group or a host '
        'of this inventory, a network or an address; did you mean "gpu"?'
    )


@pytest.mark.parametrize(
    ("ports", "protocol", "declarer"),
    [
        ([22], "tcp", "firewall.ssh_port"),
        ([443], "tcp", "edge.port"),
        ([80], "tcp", "edge.http_port"),
    ],
)
def test_a_port_that_a_role_declares(load: Load, ports: Any, protocol: str, declarer: str) -> None:
    assert f"{declarer} declares it" in wrong(load, **allowing(ports=ports, protocol=protocol))


def test_two_entries_for_one_port(load: Load) -> None:
    text = wrong(load, allow=[OPEN, OPEN | {"from": "anywhere"}])
    assert "found tcp 9100" in text and "firewall.allow[0] declares it" in text
    load(gpu1={"firewall": {"allow": [OPEN, OPEN | {"protocol": "udp"}]}})


def test_a_gates_port(load: Load) -> None:
    hosts: dict[str, dict[str, Any]] = {
        "gpu1": {"firewall": allowing(ports=[18000])},
        "door": {"models": [], "address": "10.0.0.9"},
    }
    (text,) = problems(load, **hosts)
    assert "models[0].port (its gate) declares it" in text


def test_who_is_let_in_has_to_have_an_address(load: Load) -> None:
    hosts: dict[str, dict[str, Any]] = {
        "gpu1": {},
        "door": {"models": [], "address": None},
    }
    (text,) = problems(load, **hosts)
    assert "door: firewall.addresses: found nothing, expected the IP addresses" in text
    hosts["door"]["firewall"] = {"addresses": ["10.0.0.9", "fd00::9"]}
    assert isinstance(load(**hosts)["door"], HostSettings)
