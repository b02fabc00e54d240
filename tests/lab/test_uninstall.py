"""The way back: a host compared with itself, as it was before firstlight came.

Compared is what the test reads itself, not what the manifest says. One deployment serves all:
first packages and weights stay, then they go as well. Both runs lose their controller half-way
and are run again, and all the while somebody logs in over and over.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.lab.cut import Deploy
from tests.lab.rack import Run, TestRack, firstlight
from tests.lab.way_back import Visitor, came, of_kind, tree

HOST = "lab2"
SECONDS = 900
BY_HAND = "/etc/logrotate.d/firstlight-edge"
ALL = {"uninstall": {"packages": True, "weights": True}}
HALF_WAY, PURGE = "Uninstall | Put other files back", "Uninstall | Purge packages"

# Somebody's own file, at a place that firstlight writes to.
DAEMON = '{"debug": false, "max-concurrent-downloads": 2}'
PLANT = f"""
install -d -m 755 /etc/docker
printf '%s' '{DAEMON}' >/etc/docker/daemon.json; chmod 640 /etc/docker/daemon.json
"""
# What comes about on a host that is deployed: a file changed by hand, a network of others with a
# name like ours, the table of a download whose host lost its power.
CHANGE = f"""
echo '# by hand' >>{BY_HAND}; docker network create fl-1 >/dev/null
nft add table inet firstlight-fetch
"""
UNDO = f"grep -q 'by hand' {BY_HAND} && rm {BY_HAND}"


@dataclass(frozen=True)
class WayBack:
    """The host's trees and the runs: ``default`` first, then ``whole``, then ``again``."""

    before: set[str]
    cut: str
    default: Run
    with_packages: set[str]
    networks: str
    whole: Run
    after: set[str]
    again: dict[str, int]
    visitor: Visitor


def broken_off(rack: TestRack, operation: str, data: dict[str, object] | None = None) -> str:
    """Begin an uninstallation, and kill its controller as soon as ``operation`` has begun."""
    words = rack.pyinfra_words(HOST, "-y", data=data, deploy="uninstall")
    run = Deploy(rack, HOST, words=words)
    try:
        run.reach(operation)
    finally:
        run.kill()
    assert run.code and run.code < 0, f"it ended before it was broken off:\n{run.text}"
    return run.text


@pytest.fixture(scope="module")
def way_back(rack: TestRack) -> Iterator[WayBack]:
    firstlight("lab", "reset", HOST, "--name", rack.state.name)
    rack.sh(HOST, PLANT)
    before = tree(rack, HOST)
    deployed = rack.deploy(HOST, timeout=SECONDS)
    assert deployed.code == 0, deployed.text
    rack.sh(HOST, CHANGE)
    with Visitor(rack, HOST) as visitor:
        cut = broken_off(rack, HALF_WAY)
        default = rack.deploy(HOST, deploy="uninstall", timeout=SECONDS)
        middle = tree(rack, HOST)
        rack.sh(HOST, UNDO)
        networks = rack.sh(
            HOST,
            "systemctl start docker.service && docker network ls -f driver=bridge --format '{{.Name}}'",
        ).out
        broken_off(rack, PURGE, ALL)
        whole = rack.deploy(HOST, deploy="uninstall", data=ALL, timeout=SECONDS)
    after = tree(rack, HOST)
    _, again = rack.changes(HOST, deploy="uninstall", data=ALL)
    yield WayBack(before, cut, default, middle, networks, whole, after, again, visitor)


def test_with_all_of_it_the_host_is_as_it_was(way_back: WayBack) -> None:
    """Broken off while packages went, and run again."""
    assert way_back.whole.code == 0, way_back.whole.text
    assert came(way_back.after, way_back.before) == []
    assert sorted(way_back.before - way_back.after) == []
    assert "the host is as it was before firstlight" in way_back.whole.text


def test_packages_and_weights_stay_unless_told(way_back: WayBack) -> None:
    """Broken off before SSH and the firewall, and run again."""
    assert way_back.default.code == 0, way_back.default.text
    left = way_back.with_packages - way_back.before
    assert of_kind(left, "socket", "active", "failed", "nft", "interface", "docker") == []
    assert [line for line in of_kind(left, "unit") if line.endswith(" enabled")] == []
    assert any(line.startswith("package nginx ii") for line in left)
    assert any(line.startswith("file /srv/models/") and ".gguf " in line for line in left)
    users = [line.split(" ")[1].split(":")[0] for line in of_kind(left, "user")]
    assert "firstlight-models" in users  # the weights are its own
    gone = way_back.before - way_back.with_packages
    assert of_kind(gone, "socket", "unit", "active", "package", "sysctl", "mode", "directory") == []
    assert "packages that firstlight installed stay" in way_back.default.text
    assert "the weights in /srv/models stay" in way_back.default.text


def test_what_was_changed_by_hand_stays_and_is_named(way_back: WayBack) -> None:
    assert f"{BY_HAND} stays: somebody changed it" in way_back.cut
    assert any(line.startswith(f"file {BY_HAND} ") for line in way_back.with_packages)
    assert way_back.networks.split() == ["bridge", "fl-1"]


def test_dockers_configuration_is_the_one_of_before(way_back: WayBack) -> None:
    lines = {line for line in way_back.before if "/etc/docker/daemon.json " in line}
    assert len(lines) == 2 and lines <= way_back.with_packages and lines <= way_back.after


def test_a_second_time_there_is_nothing_to_do(way_back: WayBack) -> None:
    assert way_back.again["success"] == 0 and way_back.again["error"] == 0


def test_the_operator_can_log_in_all_the_time(way_back: WayBack) -> None:
    assert way_back.visitor.came > 5 and way_back.visitor.refused == 0
