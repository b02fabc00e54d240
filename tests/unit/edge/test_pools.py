"""Which copies answer for which model, over the hosts of a site."""

from __future__ import annotations

from typing import Any

import pytest

from firstlight.edge.gates import doors, gates, upstreams
from firstlight.edge.pools import Public
from firstlight.engines.placement import placed
from firstlight.settings import SettingsError
from tests.unit.edge.conftest import MakeSite, served

TINY: dict[str, Any] = {"models": [{}]}
TWICE = {"models": [{"replicas": 2}]}


def behind(site_of: MakeSite, name: str, **site: Any) -> dict[str, Public]:
    return {public.name: public for public in served(site_of(**site), name)[1]}


def names(public: Public) -> list[str]:
    return [peer.name for peer in public.stable.peers]


def test_a_workstation_has_its_own_models_and_nothing_between(site_of: MakeSite) -> None:
    found = behind(site_of, "ws", ws=TINY)["tiny"]
    assert found.stable.alone and found.canary is None
    (upstream,) = upstreams([found])
    assert upstream["servers"] == ["198.18.125.2:8080 max_fails=0"]
    assert upstream["out"] == "/run/firstlight-engines/tiny-8000" and not doors([found])


def test_an_edge_in_front_of_two_engine_hosts(site_of: MakeSite) -> None:
    site: dict[str, Any] = {"edges": ("door",), "door": {}, "gpu1": TINY, "gpu2": TWICE}
    found = behind(site_of, "door", **site)["tiny"]
    assert names(found) == ["tiny@gpu1", "tiny@gpu2", "tiny.2@gpu2"]
    assert [door["address"] for door in doors([found])] == [
        "10.0.0.2:18000", "10.0.0.3:18000", "10.0.0.3:18001",
    ]  # fmt: skip
    (upstream,) = upstreams([found])
    assert upstream["gated"] and all("max_fails=1" in each for each in upstream["servers"])
    loaded = site_of(**site)
    assert [gate["port"] for gate in gates(placed(loaded["gpu2"], loaded, None))] == [18000, 18001]
    release, publics = served(loaded, "gpu2")
    assert release is not None and publics == ()
    assert "public.conf" not in release.files and "gates.conf" in release.files


def test_two_edges_with_engines_keep_to_themselves(site_of: MakeSite) -> None:
    site: dict[str, Any] = {"edges": ("gpu1", "gpu2"), "gpu1": TINY, "gpu2": TINY}
    assert names(behind(site_of, "gpu1", **site)["tiny"]) == ["tiny"]
    both = {"edge": {"hosts": ["gpu1", "gpu2"]}, **TINY}
    shared = behind(site_of, "gpu1", **{**site, "gpu1": both})["tiny"]
    assert names(shared) == ["tiny", "tiny@gpu2"]


def test_a_share_by_weight(site_of: MakeSite) -> None:
    heavy = {"models": [{"weight": 3}]}
    found = behind(site_of, "door", edges=("door",), door={}, gpu1=TINY, gpu2=heavy)["tiny"]
    servers = upstreams([found])[0]["servers"]
    assert [("weight=3" in each) for each in servers] == [False, True]


def test_a_canary_has_a_pool_of_its_own_and_the_others_to_fall_back_on(site_of: MakeSite) -> None:
    new = {"models": [{"canary": 5, "args": {"threads": 2}}]}
    found = behind(site_of, "door", edges=("door",), door={}, gpu1=TINY, gpu2=new)["tiny"]
    assert found.percent == 5 and found.canary is not None
    assert names(found) == ["tiny@gpu1"]
    stable, canary = upstreams([found])
    assert len(stable["servers"]) == 1 and len(canary["servers"]) == 2
    assert [each.endswith("backup") for each in canary["servers"]] == [False, True]
    # Each copy has one gate, whatever pools it is in.
    sockets = [door["socket"] for door in doors([found])]
    assert len(sockets) == len(set(sockets)) == 2


def test_a_canary_on_the_same_host(site_of: MakeSite) -> None:
    models = [{}, {"name": "tiny-next", "canary_of": "tiny", "canary": 10}]
    found = behind(site_of, "ws", ws={"models": models})
    assert list(found) == ["tiny"]
    assert found["tiny"].canary is not None
    assert [peer.name for peer in found["tiny"].canary.peers] == ["tiny-next"]


@pytest.mark.parametrize(
    ("site", "where", "said"),
    [
        ({"ws": {**TINY, "edge": {"hosts": ["ws", "nix"]}}}, "edge.hosts[1]", "name of a host"),
        ({"ws": {**TINY, "edge": {"hosts": []}}}, "edge.hosts", "ws among them"),
        ({"edges": ("a",), "a": {}}, "models", "at least one model"),
        ({"edges": ("a",), "a": {}, "b": {**TINY, "address": "b.net"}}, "address", "an IP address"),
        (
            {"edges": ("a",), "a": {}, "b": {"models": [{"port": 60000}]}},
            "models[0].port", "10000 above",
        ),
        (
            {"edges": ("a",), "a": {}, "b": {"models": [{"port": 8000}, {"name": "x", "port": 18000}]}},
            "models[0].port", "10000 above",
        ),
        (
            {"edges": ("a", "b"), "a": {**TINY, "edge": {"hosts": ["a", "c"]}}, "b": TINY, "c": {}},
            "edge.hosts[1]", "serves a model",
        ),
    ],
)  # fmt: skip
def test_contradictions(site_of: MakeSite, site: Any, where: str, said: str) -> None:
    with pytest.raises(SettingsError) as raised:
        site_of(**site)
    assert [(each.key, said in each.expected) for each in raised.value.problems] == [(where, True)]
