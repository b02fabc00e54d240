"""The audit: red by name for whatever is opened by hand, green where all is as it was declared."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.lab.let_in import UNKEPT
from tests.lab.rack import Run, TestRack, firstlight

INVENTORY = "inventories/lab.py"
# The firewall's keeper would close within seconds what is opened here.
OPEN = (
    f"set -e\n{UNKEPT}"
    + """
nft insert rule inet firstlight input tcp dport 4000-4999 accept
nft insert rule inet firstlight input udp dport 9999 accept
systemd-run -q --unit=opened-tcp python3 -m http.server 4444
systemd-run -q --unit=opened-udp python3 -c 'import socket
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sock.bind(("", 9999))
while True:
    text, sender = sock.recvfrom(99)
    sock.sendto(text, sender)'
docker run -d --name opened -p 0.0.0.0:5555:80 --entrypoint sleep \
  "$(docker inspect -f '{{.Image}}' firstlight-tiny)" 600
install -m 644 /dev/null /etc/firstlight/secrets/opened
useradd -o -u 0 -M opened
engine=$(docker inspect -f '{{.State.Pid}}' firstlight-tiny)
address=$(ip -4 -o address show fl-8000 | awk '{print $4}' | cut -d/ -f1)
nsenter -t "$engine" -n python3 -c 'import socket, sys
socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", (sys.argv[1], 53))' "$address"
"""
)
MEND = """
docker rm -f opened; systemctl stop opened-tcp opened-udp
userdel -f opened; rm -f /etc/firstlight/secrets/opened
systemctl start firstlight-firewall-keep.service firstlight-firewall-keep.timer
"""


def audit(*words: str) -> tuple[Run, dict[str, Any]]:
    run = firstlight("audit", INVENTORY, "--limit", "lab1", "--json", *words, check=False)
    assert run.out.startswith("{"), run.text
    return run, json.loads(run.out)


@pytest.fixture
def opened(deployed: TestRack) -> Iterator[TestRack]:
    try:
        deployed.sh("lab1", OPEN)
        yield deployed
    finally:
        deployed.sh("lab1", MEND, check=False)


def failed(said: dict[str, Any]) -> dict[str, str]:
    """What failed on lab1: the texts of each control's findings."""
    found: dict[str, str] = {}
    for each in said["hosts"][0]["findings"]:
        if each["level"] == "fail":
            found[each["control"]] = (
                found.get(each["control"], "") + f"{each['what']}: {each['why']}\n"
            )
    return found


def test_whatever_is_opened_by_hand_is_named(opened: TestRack, tmp_path: Path) -> None:
    sarif = tmp_path / "audit.sarif"
    run, said = audit("--from", "lab2", "--ports", "80,443,4400-4500,5555", "--sarif", str(sarif))
    assert run.code == 3 and said["complete"], run.text
    found = failed(said)
    assert "TCP 4444" in found["exposed-undeclared"], found
    assert "python3 (opened-tcp.service)" in found["exposed-undeclared"]
    assert "UDP 9999" in found["exposed-undeclared"]
    assert "python3 (opened-udp.service)" in found["exposed-undeclared"]
    assert "from the control machine, and from lab2" in found["exposed-undeclared"]
    assert "container opened publishes TCP 5555" in found["listening-published"]
    assert "not ours: rule input" in found["firewall-drift"]
    assert "/etc/firstlight/secrets/opened" in found["secret-modes"]
    assert "the account opened is root" in found["user-root"]
    assert {*found} == {
        "exposed-undeclared", "listening-published", "firewall-drift", "secret-modes", "user-root",
    }  # fmt: skip
    asked = [each for each in said["hosts"][0]["findings"] if each["control"] == "egress-attempts"]
    assert "container firstlight-tiny tried" in asked[0]["what"] and asked[0]["level"] == "warn"
    results = json.loads(sarif.read_text())["runs"][0]["results"]
    assert {each["ruleId"] for each in results if each["level"] == "error"} == {*found}


def test_a_deployed_host_is_as_it_was_declared(deployed: TestRack) -> None:
    """All ports of it; what the test before opened has to be closed again for this."""
    run, said = audit()
    assert run.code == 0 and said["complete"], run.text
    (seen,) = said["hosts"][0]["seen"]
    assert seen["tcp"] == [22, 80, 443] and seen["udp"] == []
    assert sum(seen["counts"].values()) + len(seen["tcp"]) == 65535
    assert seen["counts"]["silent"] > 65000  # dropped, and not merely closed
