"""The probe of a host, taken of this machine, and read from what other machines said."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from firstlight.facts.probe import HostProbe, Probe
from tests.facts.shell import gather
from tests.stubs import Stubs


@pytest.fixture
def port() -> Iterator[int]:
    """A port that this process listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_this_machine(tmp_path: Path) -> None:
    store = tmp_path / "not there" / "yet"
    probe: Probe = gather(HostProbe, store=str(store))
    assert probe.uid == os.getuid()
    assert probe.arch == os.uname().machine
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    assert probe.memory == pytest.approx(pages, rel=0.02)
    free = shutil.disk_usage(tmp_path).free
    assert probe.free == pytest.approx(free, rel=0.1)
    release = dict(
        line.split("=", 1)
        for line in Path("/etc/os-release").read_text().split("\n")
        if "=" in line
    )
    assert probe.os_id == release["ID"].strip('"')
    assert probe.os_version == release.get("VERSION_ID", "unknown").strip('"')
    assert not store.exists()


def test_what_prometheus_holds_already_is_its_own(tmp_path: Path, stubs: Stubs) -> None:
    stubs.add("df", "printf 'a line of heads\\n/dev/sda 9 9 1000 9%% /\\n'")
    instead = {"/var/lib/prometheus": tmp_path / "prometheus"}
    assert gather(HostProbe, stubs.env, instead, store="/srv").free_for_samples == 1000
    (tmp_path / "prometheus").mkdir()
    (tmp_path / "prometheus/chunk").write_bytes(b"1" * 50_000)
    found = gather(HostProbe, stubs.env, instead, store="/srv").free_for_samples
    assert 51_000 <= found < 70_000


@pytest.mark.skipif(shutil.which("ss") is None, reason="no ss here")
def test_a_listener_and_its_program(port: int) -> None:
    probe: Probe = gather(HostProbe, store="/srv/models")
    assert Path("/proc/self/comm").read_text().strip() in probe.listeners[port]


def test_complete_weights_are_found(tmp_path: Path) -> None:
    store = tmp_path / "store"
    for name in ("a--b@1-x", "half@2-y", ".incoming/c@3-z"):
        (store / name).mkdir(parents=True)
    (store / "a--b@1-x/.firstlight.json").touch()
    (store / ".incoming/c@3-z/.firstlight.json").touch()
    assert gather(HostProbe, store=str(store)).stored == {"a--b@1-x"}


def test_only_images_that_the_host_has(stubs: Stubs) -> None:
    stubs.add("docker", '[ "$3" = have@sha256:1 ]')
    images = ("have@sha256:1", "lack@sha256:2")
    assert gather(HostProbe, stubs.env, store="/srv", images=images).images == {"have@sha256:1"}


def test_sites_of_an_nginx_that_is_not_ours(tmp_path: Path) -> None:
    enabled, ours = tmp_path / "sites-enabled", tmp_path / "firstlight.conf"
    enabled.mkdir()
    instead = {
        "/etc/nginx/sites-enabled": enabled,
        "/etc/nginx/conf.d": tmp_path / "conf.d",
        "/etc/systemd/system/nginx.service.d/firstlight.conf": ours,
    }
    (enabled / "default").touch()
    assert gather(HostProbe, None, instead, store="/srv").foreign_sites == frozenset()
    (enabled / "shop").touch()
    assert gather(HostProbe, None, instead, store="/srv").foreign_sites == {"shop"}
    # Once the edge is ours those files are not read any more, and stand in nobody's way.
    ours.touch()
    assert gather(HostProbe, None, instead, store="/srv").foreign_sites == frozenset()


def test_selinux(tmp_path: Path) -> None:
    enforce, config = tmp_path / "enforce", tmp_path / "config"
    instead = {"/sys/fs/selinux/enforce": enforce, "/etc/selinux/config": config}

    def selinux() -> str:
        found: Probe = gather(HostProbe, None, instead, store="/srv")
        return found.selinux

    assert selinux() == ""
    config.touch()
    assert selinux() == "disabled"
    for text, mode in (("1", "enforcing"), ("0", "permissive")):
        enforce.write_text(text)
        assert selinux() == mode


def test_a_rack_host_as_recorded() -> None:
    probe = HostProbe().process(
        [
            "os=ubuntu 24.04",
            "arch=x86_64",
            "uid=0",
            "systemd=255",
            "ipv6=yes",
            "memory=1.08113e+12",
            "free=3500000000000",
            "stored=Qwen--Qwen3-8B@0123456789ab-deadbeef",
            "cdi=/var/run/cdi/nvidia.yaml",
            "image=docker.io/vllm/vllm-openai@sha256:00",
            "listen=0.0.0.0:80 apache2",
            "listen=[::1]:631 cupsd",
            "listen=[fe80::1%eth0]:546 unknown",
            "listen=*:9100 node exporter",
        ]
    )
    assert (probe.os_id, probe.os_version, probe.systemd) == ("ubuntu", "24.04", 255)
    assert (probe.memory, probe.free, probe.ipv6) == (1081130000000, 3500000000000, True)
    assert probe.cdi_specs == {"/var/run/cdi/nvidia.yaml"}
    names = {80: "apache2", 631: "cupsd", 546: "unknown", 9100: "node exporter"}
    assert probe.listeners == {port: {name} for port, name in names.items()}


def test_no_listener_hides_behind_ours() -> None:
    """Two programs may hold one port on different addresses."""
    lines = ["listen=0.0.0.0:80 nginx", "listen=10.0.0.1:80 apache2", "listen=[::]:80 nginx"]
    assert HostProbe().process(lines).listeners == {80: {"nginx", "apache2"}}


@pytest.mark.parametrize(
    "garbage",
    [[""], ["listen="], ["listen=x"], ["listen=:"], ["memory=lots"], ["os="], ["\x00\xff==="]],
)
def test_garbage_never_raises(garbage: list[str]) -> None:
    probe = HostProbe().process(garbage)
    assert (probe.uid, probe.memory, probe.systemd) == (-1, 0, 0)


@pytest.mark.parametrize(
    ("path", "role"),
    [
        ("/etc/systemd/system/firstlight-facts.service", "exporters"),
        ("/etc/systemd/system/firstlight-gpu-exporter.service", "dcgm"),
        ("/etc/systemd/system/prometheus.service.d/firstlight.conf", "prometheus"),
        ("/etc/prometheus/firstlight/releases", "prometheus"),
        ("/etc/systemd/system/prometheus-alertmanager.service.d/firstlight.conf", "alertmanager"),
        ("/etc/firstlight/alertmanager/alertmanager.yml", "alertmanager"),
        ("/etc/firstlight/grafana/grafana.ini", "grafana"),
        ("/etc/firstlight/logs/ca.crt", "logs"),
    ],
)
def test_what_observes_is_seen_by_whatever_is_left_of_it(
    path: str, role: str, tmp_path: Path
) -> None:
    places = ("/etc/systemd/system", "/etc/prometheus", "/etc/firstlight")
    (tmp_path / path[1:]).mkdir(parents=True)
    instead: dict[str, object] = {each: tmp_path / each[1:] for each in places}
    assert gather(HostProbe, instead=instead, store="/none").observing == {role}
