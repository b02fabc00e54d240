"""Data that a nearer layer hides: said, because pyinfra lays them over each other by first keys."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from firstlight.settings.shadowed import Layers, remarks

ADMIN = {"admin": ["10.0.9.0/24"]}
OWN = {"addresses": ["10.0.0.5"]}
SITE, HOST = "the group site", "the host"


@pytest.mark.parametrize(
    ("layers", "hidden"),
    [
        ([(HOST, {"firewall": OWN}), (SITE, {"firewall": ADMIN})], ["firewall.admin"]),
        ([(HOST, {"firewall": {**OWN, **ADMIN}}), (SITE, {"firewall": ADMIN})], []),
        ([(HOST, {"firewall": {"admin": []}}), (SITE, {"firewall": ADMIN})], []),  # said otherwise
        ([(HOST, {}), (SITE, {"firewall": ADMIN})], []),
        ([(HOST, {"firewall": {}}), (SITE, {"firewall": ADMIN})], ["firewall.admin"]),
        ([(SITE, {"firewall": OWN}), ("all", {"firewall": ADMIN})], ["firewall.admin"]),
        (
            [
                (HOST, {"monitor": {"alerts": {"off": {}}}}),
                (SITE, {"monitor": {"alerts": {"receivers": {}}, "interval": 30}}),
            ],
            ["monitor.alerts.receivers", "monitor.interval"],
        ),
        ([(HOST, {"site": "a", "models": []}), (SITE, {"site": "b", "models": [{}]})], []),
        # Another source of one secret is no part of it that is missing.
        (
            [
                (HOST, {"edge": {"people": {"client_secret": {"age": "a"}}}}),
                (SITE, {"edge": {"people": {"client_secret": {"sops": "s", "key": "k"}}}}),
            ],
            [],
        ),
        # Not ours: whoever reads it knows.
        ([(HOST, {"ssh_paramiko_connect_kwargs": {}}), (SITE, {"ssh_paramiko_connect_kwargs": {"a": 1}})], []),
    ],
)  # fmt: skip
def test_what_does_not_hold(layers: Layers, hidden: list[str]) -> None:
    said = remarks({"gpu1": layers})
    assert len(said) == bool(hidden)
    for line in said:
        assert line.startswith("gpu1: ") and f", so {', '.join(hidden)} from there" in line


def test_hosts_alike_share_a_line() -> None:
    layers: Layers = [(HOST, {"firewall": OWN}), (SITE, {"firewall": ADMIN})]
    assert remarks({"edge1": layers, "gpu1": [(HOST, {})], "monitor1": layers}) == [
        "edge1, monitor1: firewall of the host replaces that of the group site as a whole, so "
        "firewall.admin from there does not hold; what shall hold stands at the host"
    ]


def test_a_group_that_is_named_twice_is_told_once() -> None:
    group = (SITE, {"firewall": ADMIN})
    assert len(remarks({"@local": [(HOST, {"firewall": OWN}), group, group]})) == 1


def test_an_inventory_as_pyinfra_reads_it(tmp_path: Path) -> None:
    from tests.unit.test_examples import ran

    (tmp_path / "inventory.py").write_text(
        'racks = (["a", "b"], {"firewall": {"admin": ["10.0.0.0/8"]}, "ssh": {"forwarding": True}})\n'
        'gpu = (["b"], {"ssh": {"users": ["ops"]}})\n'
        'edge = [("a", {"firewall": {"addresses": ["10.0.0.5"]}})]\n'
    )
    said = ran(
        "from firstlight.layers import layers\n"
        "from firstlight.settings.shadowed import remarks\n"
        "print(json.dumps(remarks(layers(made))))",
        tmp_path,
    )
    assert said == [
        "a: firewall of the host replaces that of the group racks as a whole, so firewall.admin "
        "from there does not hold; what shall hold stands at the host",
        "b: ssh of the group gpu replaces that of the group racks as a whole, so ssh.forwarding "
        "from there does not hold; what shall hold stands at the group gpu",
    ]


def test_a_run_of_pyinfra_says_it_once(tmp_path: Path) -> None:
    (tmp_path / "inventory.py").write_text(
        'racks = (["@fake/a", "@fake/b"], {"site": "x", "firewall": {"admin": ["10.0.0.0/8"]}})\n'
        'net = (["@fake/a"], {"firewall": {"connections": 99}})\n'
    )
    (tmp_path / "deploy.py").write_text("from firstlight.plan import site_plan\nsite_plan()\n")
    command = [Path(sys.executable).parent / "pyinfra", "--dry", "inventory.py", "deploy.py"]
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert (done.stdout + done.stderr).count("WARNING: @fake/a: firewall of the group net") == 1
