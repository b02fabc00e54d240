"""Every obstacle is found before anything is changed, and a good host has none."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from firstlight import keys
from firstlight.errors import FirstlightError
from firstlight.facts.probe import Probe
from firstlight.preflight import missing_weights, obstacles, system_of
from firstlight.settings import HostSettings, load_site
from firstlight.weights import store
from tests.site import BASES, Load

GOOD = Probe("debian", "13", "x86_64", 0, 257, True, 64 * 2**30, 10**12)
GPUS = frozenset({"/var/run/cdi/nvidia.yaml"})
BIG = {"bytes": "100GB"}
# The operator takes care of the GPU layer: what it lacks is not firstlight's to make.
ALONE = {"nvidia": {"enabled": False}}


def held(**ports: str) -> dict[int, frozenset[str]]:
    return {int(port[1:]): frozenset({name}) for port, name in ports.items()}


def found(settings: HostSettings, probe: Probe) -> list[FirstlightError]:
    return list(obstacles(settings, probe))


def test_a_good_host_has_none(load: Load) -> None:
    assert found(load(BIG), GOOD) == []
    assert found(load({"gpus": "all"}), replace(GOOD, cdi_specs=GPUS)) == []


def test_a_host_that_serves_already_has_none(load: Load) -> None:
    running = held(p443="nginx", p80="nginx")
    assert found(load(), replace(GOOD, listeners=running)) == []


DOCKERS = {"docker": {"source": "docker"}}
NO_EDGE = {"edge": {"enabled": False}}
TABLE: list[tuple[dict[str, Any], dict[str, Any], dict[str, Any], tuple[str, ...]]] = [
    ({"uid": 1000}, {}, {}, ("root", "uid 1000", "_sudo")),
    ({"uid": -1}, {}, {}, ("root",)),
    ({"arch": "riscv64"}, {}, {}, ("riscv64", "x86_64")),
    ({"os_id": "alpine", "os_version": "3.20"}, {}, {}, ("not supported", "debian 13")),
    ({"os_id": "debian", "os_version": "11"}, {}, {}, ("not supported", "ubuntu 24.04")),
    ({"os_version": "12"}, {}, {"edge": {"enabled": False}}, ("Docker", "20.10", "docker.source")),
    ({"os_id": "ubuntu", "os_version": "22.04"}, {}, {}, ("nginx", "njs", "edge")),
    ({"os_id": "rocky", "os_version": "9.6"}, {}, DOCKERS, ("nginx", "njs", "edge")),
    ({"os_id": "rhel", "os_version": "10.1"}, {}, NO_EDGE, ("no Docker of its own", "source")),
    ({"listeners": held(p443="apache2")}, {}, {}, ("443", "apache2", "edge.port")),
    ({"listeners": held(p80="caddy")}, {}, {}, ("80", "caddy", "edge.http_port")),
    ({"listeners": held(p443="docker-proxy")}, {}, {}, ("443", "docker-proxy")),
    ({"listeners": {80: frozenset({"nginx", "apache2"})}}, {}, {}, ("80", "apache2")),
    ({"listeners": held(p8443="x")}, {}, {"edge": {"port": 8443}}, ("8443",)),
    ({"free": 10**11}, BIG, {}, ("disk", "102.0 GB", "100.0 GB", "/srv/models")),
    ({"foreign_sites": frozenset({"shop"})}, {}, {}, ("nginx", "shop")),
    ({}, {"gpus": "all"}, ALONE, ("GPU", "CDI", "tiny")),
    ({}, {"gpus": [0]}, ALONE, ("GPU", "nvidia.enabled")),
]


@pytest.mark.parametrize(("probe", "model", "data", "words"), TABLE)
def test_each_obstacle(
    load: Load,
    probe: dict[str, Any],
    model: dict[str, Any],
    data: dict[str, Any],
    words: tuple[str, ...],
) -> None:
    (error,) = found(load(model, **data), replace(GOOD, **probe))
    for word in (*words, "gpu1"):
        assert word in str(error)
    assert error.fix


def test_all_are_told_at_once(load: Load) -> None:
    bad = replace(GOOD, uid=1, arch="mips", free=0, listeners=held(p443="a", p80="b"))
    assert len(found(load(BIG, {"name": "two", "gpus": "all"}, **ALONE), bad)) == 6


def test_ports_of_an_edge_that_is_not_there_are_free(load: Load) -> None:
    taken = replace(GOOD, listeners=held(p443="apache2", p80="apache2"))
    assert found(load(edge={"enabled": False}), taken) == []


def test_an_engine_over_several_hosts_has_its_port_on_the_host(tmp_path: Path) -> None:
    keys.issue(tmp_path / ".firstlight/lab/keys/api-keys.toml", "alice")
    served = [BASES["vllm"] | {"name": "big", "gpus": 8, "nodes": 2, "port": 8000}]
    data = {"site": "lab", "models": served, "nvidia": {"enabled": True}}
    hosts = {
        f"gpu{n}": ({**data, "domain": f"{n}.test", "address": f"10.0.0.{n}"}, ("gpu",))
        for n in (1, 2)
    }
    settings = load_site(hosts, tmp_path)["gpu1"]
    taken = replace(GOOD, listeners=held(p8000="python3"), free=10**13)
    (error,) = found(settings, taken)
    assert "8000" in str(error) and "models[0].port" in str(error)
    serving = replace(taken, engines=frozenset({"firstlight-engine-big.service"}))
    assert found(settings, serving) == []


def test_weights_that_are_there_need_no_room(load: Load) -> None:
    settings = load(BIG)
    name = store.folder(settings.models[0]).rsplit("/", 1)[1]
    there = replace(GOOD, free=0, stored=frozenset({name}))
    assert missing_weights(settings, there) == []
    assert found(settings, there) == []


def test_models_of_one_folder_need_room_once(load: Load) -> None:
    settings = load(BIG, {**BIG, "name": "again"})
    assert len(missing_weights(settings, GOOD)) == 1
    assert found(settings, replace(GOOD, free=103 * 10**9)) == []
    assert len(found(settings, replace(GOOD, free=101 * 10**9))) == 1


def test_an_unknown_size_is_no_obstacle(load: Load) -> None:
    assert found(load(), replace(GOOD, free=0)) == []


def test_an_engine_alone_runs_on_the_rhel_family(load: Load) -> None:
    alma = replace(GOOD, os_id="almalinux", os_version="10.0", selinux="enforcing")
    assert found(load(**DOCKERS, **NO_EDGE), alma) == []


def test_the_system_is_the_catalogues(load: Load) -> None:
    assert system_of(load(), GOOD).codename == "trixie"
