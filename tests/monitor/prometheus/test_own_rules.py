"""Rules of the user's own, and hosts that cannot be monitors: said before anything is changed."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from firstlight.catalogue import supported_system
from firstlight.facts.prometheus import RuleProblems
from firstlight.monitor.obstacles import monitor_obstacles, space_remark, watched_obstacles
from firstlight.monitor.own_rules import host_rule_obstacles, malformed, rule_obstacles, unjudged
from firstlight.monitor.release import release_of
from firstlight.settings.problem import SettingsError
from tests.facts.shell import gather
from tests.monitor.prometheus.conftest import LoadSite
from tests.stubs import Stubs

BAD = """\
groups:
- name: mine
  rules:
  - alert: Slow
    expr: rate(foo[5m
"""
GOOD = BAD.replace("[5m", "[5m]) > 1")


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    path = tmp_path / "mine.yml"
    path.write_text(BAD)
    return path


def test_a_wrong_rule_is_refused_in_promtools_words(site: LoadSite, rules: Path) -> None:
    monitor = site(watch1={"monitor": {"prometheus": {"rules": [str(rules)]}}})["watch1"]
    (error,) = rule_obstacles(monitor)
    assert f"{rules}: 5:11:" in error.why and "unclosed left" in error.why
    assert error.where == "watch1: monitor.prometheus.rules"
    rules.write_text(GOOD)
    assert list(rule_obstacles(monitor)) == []


def test_without_promtool_here_the_monitors_own_looks(
    site: LoadSite, rules: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monitor = site(watch1={"monitor": {"prometheus": {"rules": [str(rules)]}}})["watch1"]
    said = gather(RuleProblems, rules={rules.name: BAD, "b.yml": GOOD})
    assert set(said) == {"mine.yml"}
    (error,) = host_rule_obstacles(monitor, said)
    assert error.why.startswith(f"{rules}: 5:11:")
    assert unjudged(monitor) == {}
    monkeypatch.setattr(shutil, "which", lambda _: None)
    assert unjudged(monitor) == {"mine.yml": BAD}
    assert list(rule_obstacles(monitor)) == []  # its YAML is right
    rules.write_text("groups:\n- name: [\n")
    (error,) = rule_obstacles(monitor)
    assert error.why.startswith(f"{rules}:3:1")
    rules.write_text("alerts: []\n")
    assert malformed(rules) == f"{rules}:1: no list of groups"


def test_a_host_without_promtool_says_nothing(stubs: Stubs) -> None:
    for name in ("base64", "timeout", "sed"):
        stubs.add(name)
    alone = {**stubs.env, "PATH": f"{stubs.folder}:/nowhere"}
    command = RuleProblems().command(rules={"mine.yml": BAD}).get_raw_value()
    done = subprocess.run(
        ["/bin/sh", "-c", command.replace("sh -c", "/bin/sh -c", 1)],
        env=alone, capture_output=True, text=True, timeout=10, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_own_rules_stand_beside_ours(site: LoadSite, rules: Path) -> None:
    rules.write_text(GOOD)
    each = site(watch1={"monitor": {"prometheus": {"rules": [str(rules)]}}})
    files = release_of(each["watch1"], each, {"mine.yml": "groups: []\n"}).files
    assert files["rules/own-mine.yml"] == GOOD and files["rules/mine.yml"] == "groups: []\n"


@pytest.mark.parametrize(
    ("own", "said"),
    [
        ({"mode": "agent"}, "monitor.prometheus.remote_write: found nothing, expected where"),
        (
            {"mode": "agent", "rules": ["mine.yml"], "remote_write": [{"url": "https://a.test"}]},
            "an agent evaluates no rules",
        ),
        ({"rules": ["none.yml"]}, "monitor.prometheus.rules[0]: found no file"),
        ({"rules": ["mine.yml", "other/mine.yml"]}, '"mine.yml" again'),
        ({"remote_write": [{"url": "http://a.test", "username": "u", "password": "pw"}]}, "https"),
        ({"remote_write": [{"url": "https://a.test", "password": "pw"}]}, "username"),
        ({"remote_write": [{"url": "https://a.test", "ca": "mine.yml"}]}, "no certificate in"),
        ({"labels": {"site": "x"}}, "the name of a label that firstlight does not set"),
        ({"labels": {"__name__": "x"}}, "the name of a label that firstlight does not set"),
        ({"retention": 3}, "unknown key"),
        ({"probe_interval": 300}, "monitor.prometheus.probe_interval: found 300"),
    ],
)
def test_contradictions(
    site: LoadSite, rules: Path, tmp_path: Path, own: dict[str, Any], said: str
) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other/mine.yml").write_text(GOOD)
    (tmp_path / "pw").write_text("secret\n")
    (tmp_path / "pw").chmod(0o600)
    with pytest.raises(SettingsError) as raised:
        site(watch1={"monitor": {"prometheus": own}})
    assert said in str(raised.value)
    assert len(raised.value.problems) == 1, str(raised.value)


@pytest.mark.parametrize(
    ("system", "refused"),
    [
        (("debian", "13"), ""),
        (("debian", "12"), ""),
        (("ubuntu", "24.04"), ""),
        (("ubuntu", "26.04"), ""),
        (("ubuntu", "22.04"), "its Prometheus is 2.31"),
        (("rocky", "9.6"), "has no packages of Prometheus"),
        (("rhel", "10.1"), "has no packages of Prometheus"),
    ],
)
def test_who_can_be_a_monitor(site: LoadSite, system: tuple[str, str], refused: str) -> None:
    each, row = site(), supported_system(*system)
    found = list(monitor_obstacles(each["watch1"], each, row))
    assert [refused in error.why for error in found] == ([True] if refused else [])
    assert bool(row.prometheus_packages) == bool(row.prometheus_version) == (not refused)
    # A host that is only watched may run anything.
    assert list(monitor_obstacles(each["gpu1"], each, row)) == []


def test_ports_that_others_hold(site: LoadSite) -> None:
    each, row = site(), supported_system("debian", "13")
    listeners = {9090: frozenset({"prometheus", "cockpit-tls"}), 9115: frozenset({"prometheus-blac"})}  # fmt: skip
    (error,) = monitor_obstacles(each["watch1"], each, row, listeners)
    assert error.what == "port 9090 is in use by cockpit-tls"
    listeners = {9093: frozenset({"prometheus-aler"}), 3000: frozenset({"node"})}
    assert list(monitor_obstacles(each["watch1"], each, row, listeners)) == []
    grafana = {"image": "docker.io/grafana/grafana@sha256:" + "a" * 64}
    each = site(watch1={"monitor": {"grafana": grafana}})
    (error,) = monitor_obstacles(each["watch1"], each, row, listeners)
    assert error.what == "port 3000 is in use by node" and "Grafana" in error.why
    assert list(monitor_obstacles(each["watch1"], each, row, listeners, {"grafana"})) == []


def test_a_node_exporter_of_ones_own(site: LoadSite) -> None:
    each, row = site(), supported_system("debian", "13")
    holders = {9100: frozenset({"prometheus-node", "node_exporter"})}
    (error,) = watched_obstacles(each["gpu1"], each, row, holders)
    assert error.what == "port 9100 is in use by node_exporter" and error.where == "gpu1"
    # Where node exporter is in no package, nothing of ours listens there.
    assert list(watched_obstacles(each["gpu1"], each, supported_system("rocky", "9.6"), holders)) == []  # fmt: skip
    each = site(gpu1={"monitor": {"enabled": False}})
    assert list(watched_obstacles(each["gpu1"], each, row, holders)) == []


@pytest.mark.parametrize(
    ("own", "free", "said"),
    [
        ({}, 24_000_000_000, ""),
        ({}, 23_000_000_000, "retention_size is 20.0 GB and Prometheus' disk has 23.0 GB"),
        ({"retention_size": "1 GB"}, 1_000_000_000, "has 1.0 GB for it: it fills before"),
        ({"mode": "agent", "remote_write": [{"url": "https://m.example.net/w"}]}, 10**9, ""),
        ({}, 0, ""),  # not known
    ],
)
def test_a_disk_that_fills_before_anything_is_dropped(
    site: LoadSite, own: dict[str, Any], free: int, said: str
) -> None:
    remark = space_remark(site(watch1={"monitor": {"prometheus": own}})["watch1"], free)
    assert said in remark and bool(remark) == bool(said)


@pytest.mark.parametrize(
    ("host", "data", "said"),
    [
        ("gpu1", {"monitor": {"port": 9100}}, "gpu1: monitor.port: found 9100"),
        ("watch1", {"monitor": {"port": 9093}}, "watch1: monitor.port: found 9093"),
        ("front1", {"edge": {"port": 9100}}, "front1: edge.port: found 9100"),
        ("gpu1", {"monitor": {"port": 9093}}, ""),  # it is no monitor: nobody listens there
    ],
)
def test_ports_of_what_observes_are_taken(
    site: LoadSite, host: str, data: dict[str, Any], said: str
) -> None:
    if not said:
        site(**{host: data})
        return
    with pytest.raises(SettingsError) as raised:
        site(**{host: data})
    assert said in str(raised.value) and "on the loopback address" in str(raised.value)
    assert len(raised.value.problems) == 1, str(raised.value)
