"""The network of one engine: which addresses it has, and that no two engines have one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from ipaddress import ip_network

import pytest

from firstlight.engines import ENGINES, endpoint_of
from firstlight.engines.instance import Node
from firstlight.engines.network import EngineNetwork
from firstlight.settings import Model
from firstlight.settings.check_place import NETWORKS
from roles.engine import BRIDGE, unit_text
from tests.units import instances_of, unit_of

Make = Callable[..., Model]
WHOLE = ip_network("198.18.0.0/15")


def test_there_is_one_for_each_number_and_none_outside() -> None:
    found = [EngineNetwork(1024 + n) for n in range(NETWORKS)]
    subnets = {each.subnet for each in found}
    assert len(subnets) == NETWORKS == WHOLE.num_addresses // 4
    for each in (*found[:9], *found[-9:], EngineNetwork(65535)):
        subnet = ip_network(each.subnet)
        assert subnet.subnet_of(WHOLE)
        assert [str(address) for address in subnet.hosts()] == [each.host, each.container]


def test_its_bridge_has_a_name_that_linux_takes() -> None:
    assert EngineNetwork(65535).name == "fl-65535" and len("fl-65535") <= 15


def test_ports_that_would_meet_do() -> None:
    assert EngineNetwork(8000).subnet == EngineNetwork(8000 + NETWORKS).subnet
    assert EngineNetwork(8000).subnet != EngineNetwork(8001).subnet


@pytest.mark.parametrize("engine", sorted(ENGINES))
def test_an_engine_is_asked_at_its_own_address(model: Make, engine: str) -> None:
    unit = unit_of(model(engine=engine, port=8001))
    inner = ENGINES[engine].container(unit.instance).port
    assert endpoint_of(unit.instance) == f"198.18.125.6:{inner}"
    assert f'"base": "http://198.18.125.6:{inner}"' in str(unit.watch)
    text = unit_text(unit, 257, "/usr/bin/python3")
    made = f"ExecStartPre=/usr/bin/python3 -I {BRIDGE} fl-8001 198.18.125.4/30 198.18.125.5\n"
    # The container of the start before is out of it first.
    assert text.index("docker rm --force") < text.index(made) < text.index("ExecStart=")


def test_one_that_joins_other_hosts_is_on_its_host(model: Make) -> None:
    (alone,) = instances_of(model(engine="vllm"))
    instance = replace(alone, port=8000, node=Node(0, 2, "192.0.2.1", "192.0.2.1"))
    assert (instance.network, endpoint_of(instance)) == (None, "127.0.0.1:8000")
    text = unit_text(replace(unit_of(model(engine="vllm")), instance=instance), 257, "python3")
    assert "--network host" in text and BRIDGE not in text and "--dns" not in text
