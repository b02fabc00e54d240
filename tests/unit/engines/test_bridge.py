"""The program that makes an engine's network, against a docker that plays along."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from firstlight.engines import bridge, network
from tests.stubs import Stubs

WORDS = ["fl-8000", "198.18.125.0/30", "198.18.125.1"]
GOOD: dict[str, Any] = {
    "Id": "a1", "Name": "fl-8000", "Driver": "bridge", "Internal": True, "EnableIPv6": False,
    "IPAM": {"Config": [{"Subnet": "198.18.125.0/30", "Gateway": "198.18.125.1"}]},
    "Options": {bridge.BRIDGE_NAME: "fl-8000"}, "Labels": {bridge.LABEL: ""}, "Containers": {},
}  # fmt: skip
# Networks are files: NAME.json. What has this name is not there until it was created.
DOCKER = """
cd "{folder}" || exit 9
verb=$2; shift 2
case $verb in
  inspect) [ -e "$1.json" ] || {{ echo "Error response from daemon: network $1 not found" >&2; exit 1; }}
    printf '['; cat "$1.json"; printf ']' ;;
  ls) for each in *.json; do if [ -e "$each" ]; then echo "${{each%.json}}"; fi; done ;;
  rm) grep -l "\\"$1\\"" *.json | xargs rm -f ;;
  create) {create} ;;
esac
"""


class Host:
    """A host with docker, run against."""

    def __init__(self, stubs: Stubs, folder: Path) -> None:
        self.stubs, self.folder = stubs, folder / "networks"
        self.folder.mkdir()
        self.plays(":")

    def plays(self, create: str) -> None:
        self.stubs.add("docker", DOCKER.format(folder=self.folder, create=create))

    def has(self, **change: Any) -> None:
        found = {**GOOD, **change}
        (self.folder / f"{found['Name']}.json").write_text(json.dumps(found))

    def run(self) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-I", bridge.__file__, *WORDS]
        return subprocess.run(
            command, env=self.stubs.env, capture_output=True, text=True, timeout=30, check=False
        )

    def did(self) -> list[str]:
        verbs = [call.split(" ", 2)[2] for call in self.stubs.calls("docker")]
        return [verb for verb in verbs if not verb.startswith(("inspect", "ls"))]


@pytest.fixture
def machine(stubs: Stubs, tmp_path: Path) -> Host:
    return Host(stubs, tmp_path)


def test_both_files_know_one_label() -> None:
    assert bridge.LABEL == network.LABEL


def test_one_that_is_right_is_left_alone(machine: Host) -> None:
    machine.has(Containers={"c1": {}})
    assert machine.run().returncode == 0
    assert machine.did() == []


def test_one_that_is_not_there_is_made(machine: Host) -> None:
    assert machine.run().returncode == 0
    (made,) = machine.did()
    assert made.startswith("create --internal --driver bridge --ipv6=false ")
    assert "--subnet 198.18.125.0/30 --gateway 198.18.125.1" in made
    assert made.endswith(f"--opt {bridge.BRIDGE_NAME}=fl-8000 --label {bridge.LABEL} fl-8000")


@pytest.mark.parametrize(
    "change",
    [
        {"Internal": False}, {"EnableIPv6": True}, {"Driver": "macvlan"}, {"Labels": {}},
        {"IPAM": {"Config": [{"Subnet": "172.20.0.0/16"}]}}, {"IPAM": {"Config": []}},
        {"Options": {bridge.BRIDGE_NAME: "br-8000"}},
        {"Options": {**GOOD["Options"], "com.docker.network.bridge.enable_ip_masquerade": "1"}},
    ],
)  # fmt: skip
def test_one_that_differs_is_replaced(machine: Host, change: dict[str, Any]) -> None:
    machine.has(**change, Containers={"c1": {}})
    assert machine.run().returncode == 0
    out, gone, made = machine.did()
    assert (out, gone) == ("disconnect --force a1 c1", "rm a1")
    assert made.startswith("create --internal")


@pytest.mark.parametrize(("containers", "gone"), [({}, ["rm b2"]), ({"c1": {}}, [])])
def test_an_engine_that_left_its_number_makes_room(
    machine: Host, containers: dict[str, Any], gone: list[str]
) -> None:
    machine.has(Id="b2", Name="fl-40768", Containers=containers)
    assert machine.run().returncode == 0
    assert machine.did()[:-1] == gone


def test_what_docker_says_is_said(machine: Host) -> None:
    machine.plays("echo 'Pool overlaps with other one on this address space' >&2; exit 1")
    done = machine.run()
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert "the engine's network is not there" in done.stderr and "Pool overlaps" in done.stderr


def test_a_docker_that_does_not_answer_is_not_waited_for(
    machine: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.plays("sleep 30")
    monkeypatch.setenv("PATH", machine.stubs.env["PATH"])
    monkeypatch.setattr(bridge, "SECONDS", 1)
    with pytest.raises(bridge.BridgeError, match="longer than 1 s"):
        bridge.made(*WORDS)


def test_the_hosts_end_answers_for_itself_alone(tmp_path: Path) -> None:
    for place in bridge.NARROW:
        path = tmp_path / place.format("fl-8000")
        if "ipv6" not in place:  # a kernel without it
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("9\n")
    bridge.narrowed("fl-8000", tmp_path)
    found = {path.name: path.read_text() for path in (tmp_path / "ipv4/conf/fl-8000").iterdir()}
    assert found["arp_ignore"] == found["rp_filter"] == "1" and found["route_localnet"] == "0"
    assert not (tmp_path / "ipv6").exists()
